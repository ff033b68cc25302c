"""What every replica measured, sampled every two seconds into one file, and read from there with everything dead."""
