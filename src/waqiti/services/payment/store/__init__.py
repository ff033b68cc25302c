"""All SQL of payment-service."""
