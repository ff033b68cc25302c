"""What runs beside requests: reservations that end, reservations that nobody ended, customers and new lists."""
