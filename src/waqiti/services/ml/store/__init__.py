"""All SQL of ml-service."""
