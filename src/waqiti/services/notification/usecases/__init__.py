"""What notification-service does; the unit of work is opened here."""
