"""Work of the ledger that nobody asks for."""
