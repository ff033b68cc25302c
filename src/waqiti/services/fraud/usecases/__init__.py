"""What fraud-service does, one unit of work each."""
