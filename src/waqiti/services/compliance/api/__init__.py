"""The routes of compliance-service."""
