"""What the ledger keeps, as rows."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import AccountKind, Outcome, Purpose, TransferKind

Frozen = Literal["none", "debits", "all"]

DEBIT_NORMAL: Final[frozenset[AccountKind]] = frozenset({"rail"})
"""Kinds whose normal side is the debit: what the platform itself has outside. All others are what it owes."""

MAX_TOTAL: Final = 2**62
"""No sum of debits or credits of an account passes this, in minor units; a column holds twice as much."""


class LedgerAccount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account under its lock; a credit is positive. ``last_at`` is when its last entry was recorded."""

    id: UUID
    kind: AccountKind
    currency: str
    minimum: int | None
    posted_debits: int
    posted_credits: int
    pending_debits: int
    pending_credits: int
    version: int
    last_at: datetime
    frozen: Frozen
    closed: bool


class StoredTransfer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The first outcome of an id. ``amount`` is what was asked; of a void or expiry, what was released."""

    id: UUID
    kind: TransferKind
    purpose: Purpose
    debit: UUID
    credit: UUID
    amount: int
    currency: str
    target: UUID | None
    outcome: Outcome
    code: str | None
    expires_at: datetime | None
    effective_at: datetime | None
    recorded_at: datetime


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money set aside; open until ``resolved_by`` names the transfer that captured or released it."""

    id: UUID
    debit: UUID
    credit: UUID
    amount: int
    currency: str
    purpose: Purpose
    expires_at: datetime | None
    resolved_by: UUID | None = None


class NewEntry(msgspec.Struct, frozen=True, gc=False):
    """One change of one account, with what stands after it; see the table ``ledger.entries``."""

    transfer_id: UUID
    account_id: UUID
    version: int
    posted_change: int
    pending_change: int
    posted: int
    pending_debits: int
    pending_credits: int
    currency: str
    effective_at: datetime | None


class RefundTotal(msgspec.Struct, frozen=True):
    """How much of the transfer ``target``, which moved ``moved``, was given back."""

    target: UUID
    moved: int
    refunded: int
