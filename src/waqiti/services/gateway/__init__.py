"""api-gateway: the one public door."""
