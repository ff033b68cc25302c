"""Numbered migrations of the database waqiti_payments."""
