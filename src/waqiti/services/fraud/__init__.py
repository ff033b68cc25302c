"""fraud-service: scores payments and withdrawals by rules over their payers' and payees' history."""
