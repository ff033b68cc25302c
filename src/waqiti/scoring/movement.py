"""What moved: the input of the features."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Party = UUID | str
"""A customer's id, or whatever tells customers apart in a file."""

MovementKind = Literal["payment", "withdrawal", "exchange"]


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of money: ``amount`` in minor units, at least 1; ``at`` knows its time zone.

    ``payee`` is None where money leaves the platform. What moves between a customer's own wallets, exchanges included,
    counts in no history.
    """

    id: UUID | str
    kind: MovementKind = "payment"
    payer: Party
    payee: Party | None
    amount: int
    currency: str
    at: datetime

    @property
    def leaves_the_payer(self) -> bool:
        """Tell whether it leaves the payer's own hands."""
        return self.kind != "exchange" and self.payer != self.payee

    @property
    def second(self) -> int:
        """``at`` in seconds since 1970 (UTC), rounded down."""
        return int(self.at.timestamp())
