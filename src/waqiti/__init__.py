"""Waqiti: wallets, payments and a double-entry ledger that a small team operates like a bank."""

__version__ = "0.1.0"
