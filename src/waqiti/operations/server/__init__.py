"""``operations`` as a deployment: it keeps the history, and answers operators at an address of its own."""
