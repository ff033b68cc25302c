"""``waqiti payments``: which payments are stuck, what happened to one, and moving them on."""
