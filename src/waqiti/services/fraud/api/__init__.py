"""The routes of fraud-service."""
