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
