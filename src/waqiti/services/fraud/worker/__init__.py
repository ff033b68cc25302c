"""What fraud-service does beside requests."""
