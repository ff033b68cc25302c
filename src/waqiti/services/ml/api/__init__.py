"""The routes of ml-service."""
