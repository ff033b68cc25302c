"""What the ledger does; each opens its own unit of work."""
