"""What notification-service does beside requests."""
