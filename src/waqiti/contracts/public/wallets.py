"""Wallets, deposits and withdrawals."""

from typing import Literal

import msgspec

from waqiti.contracts.public.common import Currency, CustomerId, DepositId, Failure, Time, WalletId, WithdrawalId

MovementStatus = Literal["pending", "screening", "in_review", "settled", "declined", "failed", "returned"]


class Balance(msgspec.Struct, frozen=True):
    """Minor units: ``available`` is posted less held."""

    posted: int
    held: int
    available: int


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet as the API shows it; status and balance come from the ledger."""

    id: WalletId
    customer_id: CustomerId
    currency: Currency
    status: Literal["active", "frozen", "closed"]
    balance: Balance
    created_at: Time


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit or a withdrawal as the API shows it."""

    id: DepositId | WithdrawalId
    wallet_id: WalletId
    amount: int
    currency: Currency
    rail: str
    status: MovementStatus
    reference: str | None = None
    failure: Failure | None = None
    created_at: Time
    updated_at: Time


class BalanceAt(msgspec.Struct, frozen=True, kw_only=True):
    """A balance as of an instant; ``held`` and ``available`` are known in recorded time only."""

    posted: int
    held: int | None = None
    available: int | None = None
    as_of: Time
    provisional: bool


class WalletEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a wallet; ``amount`` is positive where money came in, ``balance`` is what stood after it."""

    id: str
    kind: str
    purpose: str
    amount: int
    held_change: int
    balance: Balance
    recorded_at: Time
    effective_at: Time


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One booking; ``amount`` is positive where money came in, ``balance`` is what was posted after it."""

    id: str
    recorded_at: Time
    effective_at: Time
    kind: str
    purpose: str
    amount: int
    balance: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What was booked in a period, the oldest first: the opening balance and all amounts give the closing one."""

    wallet_id: WalletId
    currency: Currency
    from_: Time = msgspec.field(name="from")
    to: Time
    opening_balance: int
    closing_balance: int
    lines: list[StatementLine]
