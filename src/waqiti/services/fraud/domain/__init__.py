"""What a score is: features, rules, thresholds. Pure."""
