"""All SQL of wallet-service."""

from waqiti.services.wallet.store import movements, sandbox_rail, wallets

__all__ = ["movements", "sandbox_rail", "wallets"]
