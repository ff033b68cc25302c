"""All SQL of compliance-service."""
