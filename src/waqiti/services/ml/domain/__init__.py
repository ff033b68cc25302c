"""Versions, and the gates before one comes into force. Pure."""
