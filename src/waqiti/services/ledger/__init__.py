"""ledger-service: double-entry accounts, transfers in batches, and the proof that the books balance."""
