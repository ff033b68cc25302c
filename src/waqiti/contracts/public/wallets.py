"""Wallets, deposits and withdrawals."""

from datetime import datetime
from typing import Literal

import msgspec

from waqiti.contracts.public.common import Failure

MovementStatus = Literal["pending", "screening", "in_review", "settled", "declined", "failed", "returned"]


class Balance(msgspec.Struct, frozen=True):
    """Minor units: ``available`` is posted less held."""

    posted: int
    held: int
    available: int


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet as the API shows it; status and balance come from the ledger."""

    id: str
    customer_id: str
    currency: str
    status: Literal["active", "frozen", "closed"]
    balance: Balance
    created_at: datetime


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit or a withdrawal as the API shows it."""

    id: str
    wallet_id: str
    amount: int
    currency: str
    rail: str
    status: MovementStatus
    reference: str | None = None
    failure: Failure | None = None
    created_at: datetime
    updated_at: datetime


class BalanceAt(msgspec.Struct, frozen=True, kw_only=True):
    """A balance as of an instant; ``held`` and ``available`` are known in recorded time only."""

    posted: int
    held: int | None = None
    available: int | None = None
    as_of: datetime
    provisional: bool


class WalletEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a wallet; ``amount`` is positive where money came in, ``balance`` is what stood after it."""

    id: str
    kind: str
    purpose: str
    amount: int
    held_change: int
    balance: Balance
    recorded_at: datetime
    effective_at: datetime
