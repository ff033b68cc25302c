"""Changing switches on every replica; it needs files and /proc only."""
