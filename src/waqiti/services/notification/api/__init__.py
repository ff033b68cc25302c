"""The routes of notification-service."""
