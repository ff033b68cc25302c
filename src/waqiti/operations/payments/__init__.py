"""Payments as operators see them: which are stuck, what happened to one, and moving them on."""
