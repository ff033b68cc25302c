"""The routes of wallet-service."""
