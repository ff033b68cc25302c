"""Customers, screening and limits as rules. Pure."""
