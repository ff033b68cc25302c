"""Every statement of the ledger's database."""
