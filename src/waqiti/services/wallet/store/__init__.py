"""All SQL of wallet-service."""

from waqiti.services.wallet.store import freezes, movements, sandbox_rail, wallets

__all__ = ["freezes", "movements", "sandbox_rail", "wallets"]
