"""The ledger's routes, all of them internal."""
