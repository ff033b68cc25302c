"""What wallet-service does beside requests."""
