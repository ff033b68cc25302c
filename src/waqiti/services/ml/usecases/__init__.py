"""What ml-service does, one unit of work each."""
