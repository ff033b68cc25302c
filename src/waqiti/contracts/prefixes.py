"""The prefixes of ids as clients see them, one per kind of thing."""

from typing import Final

CUSTOMER: Final = "cus"
WALLET: Final = "wal"
PAYMENT: Final = "pay"
REFUND: Final = "ref"
DEPOSIT: Final = "dep"
WITHDRAWAL: Final = "wdr"
EVENT: Final = "evt"
ENTRY: Final = "ent"
REVIEW: Final = "rev"
CASE: Final = "case"
DISPUTE: Final = "dsp"
WEBHOOK_ENDPOINT: Final = "whe"
DELIVERY: Final = "dlv"
CHANGE: Final = "chg"
