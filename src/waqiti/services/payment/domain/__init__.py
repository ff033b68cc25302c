"""The rules of payments: states, decisions, fees, refunds. Pure."""
