"""What payment-service does; each opens its own unit of work."""
