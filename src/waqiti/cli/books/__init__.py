"""``waqiti ledger``: what an auditor asks of the books."""
