"""The SQL of notification-service, one module per noun."""
