"""The routes of payment-service."""
