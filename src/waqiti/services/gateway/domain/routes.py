"""Where a public path leads."""

from typing import Final

from waqiti.contracts import catalog

OWNERS: Final = {
    "customers": catalog.COMPLIANCE,
    "cases": catalog.COMPLIANCE,
    "wallets": catalog.WALLET,
    "deposits": catalog.WALLET,
    "withdrawals": catalog.WALLET,
    "payments": catalog.PAYMENT,
    "refunds": catalog.PAYMENT,
    "disputes": catalog.PAYMENT,
    "ledger": catalog.LEDGER,
    "reviews": catalog.FRAUD,
    "events": catalog.NOTIFICATION,
    "webhook-endpoints": catalog.NOTIFICATION,
}
"""The deployment that owns each noun behind ``/v1/``."""

NOUNS: Final = tuple(OWNERS)
BATCH_PATH: Final = "/v1/payments/batch"
MAX_BATCH_BYTES: Final = 8 << 20


def owner_of(path: str) -> str | None:
    """Return the deployment that serves ``path``; None where no public path leads there."""
    if not path.startswith("/v1/"):
        return None
    noun = path[4:].partition("/")[0]
    return OWNERS.get(noun)
