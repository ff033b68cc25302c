"""All SQL of fraud-service."""
