"""ledger-service: accounts and transfers in batches.

A transfer moves one amount between two accounts of one currency. Its id is the caller's: the ledger stores the first
outcome under it, refusals included, and gives every later ask that same outcome.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from waqiti.contracts.caller import Caller

MAX_BATCH: Final = 8_000

AccountKind = Literal["wallet", "fees", "rail", "suspense", "liquidity"]
TransferKind = Literal["post", "hold", "capture", "void", "expire", "refuse"]
Purpose = Literal["payment", "fee", "refund", "deposit", "withdrawal", "exchange", "return", "adjustment"]
Outcome = Literal["posted", "held", "captured", "voided", "expired", "refused"]

# Refusals of the ledger's own, beside those of contracts.refusals.
ACCOUNT_UNKNOWN: Final = "account_unknown"
CURRENCY_MISMATCH: Final = "currency_mismatch"
HOLD_UNKNOWN: Final = "hold_unknown"
HOLD_RESOLVED: Final = "hold_resolved"
HOLD_EXPIRED: Final = "hold_expired"
EXCEEDS_HOLD: Final = "exceeds_hold"
EXCEEDS_ORIGINAL: Final = "exceeds_original"
LINKED_REFUSED: Final = "linked_refused"
REJECTED: Final = "rejected"
PERIOD_CLOSED: Final = "period_closed"


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to open; opening the same id twice with the same content is no error.

    ``minimum`` is the least available balance in minor units, 0 for a wallet; None means without limit.
    """

    id: UUID
    kind: AccountKind
    currency: str
    minimum: int | None = 0


class OpenAccounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: list[OpenAccount]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stands. All amounts in minor units; ``available = posted - held``, the normal side positive."""

    id: UUID
    kind: AccountKind
    currency: str
    posted: int
    held: int
    available: int
    pending_credits: int
    frozen: Literal["none", "debits", "all"]
    closed: bool
    version: int


class Accounts(msgspec.Struct, frozen=True):
    accounts: list[Account]


class AccountIds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts to read; ``as_of`` is effective time, ``recorded_as_of`` recorded time; at most one of them."""

    ids: list[UUID]
    as_of: datetime | None = None
    recorded_as_of: datetime | None = None


class BalanceAsOf(msgspec.Struct, frozen=True, kw_only=True):
    """``held`` is known only in recorded time; ``provisional`` where the instant lies in the last second."""

    id: UUID
    posted: int
    held: int | None
    provisional: bool


class BalancesAsOf(msgspec.Struct, frozen=True):
    balances: list[BalanceAsOf]


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One transfer to make.

    - ``post`` moves ``amount`` from ``debit`` to ``credit``; ``hold`` reserves it until ``expires_at``.
    - ``capture`` posts ``amount`` (at most the held) of the hold ``target`` and releases the rest; ``void`` and
      ``expire`` release all of it. Accounts and currency are those of the hold; ``debit``/``credit`` repeat them.
    - ``refuse`` stores a refusal by the first of ``refusals``, to give up or because others already decided. A
      ``post`` or ``hold`` with ``refusals`` is evaluated for freeze and funds too, and refused by whichever code comes
      first in ``contracts.refusals.ORDER``.
    - A refund is a ``post`` with ``purpose`` "refund" and ``target`` the post or capture that it gives back: the sum
      of refunds of one target never exceeds what that moved.
    - ``max_credit_balance``: refused as ``limit_exceeded`` where what the credited account has, posted and by open
      holds, would pass it.
    - ``linked``: stands or falls with the next item of the batch (chains end at the first item without it).
    - ``purpose`` "fee" is taken out of money that the same chain pays in: a freeze of debits does not stop it.
    - ``effective_at``: None is the recording time; one in a closed period is refused as ``period_closed``.
    """

    id: UUID
    kind: TransferKind
    purpose: Purpose
    debit: UUID
    credit: UUID
    amount: int
    currency: str
    target: UUID | None = None
    refusals: tuple[str, ...] = ()
    max_credit_balance: int | None = None
    expires_at: datetime | None = None
    effective_at: datetime | None = None
    linked: bool = False


class Transfers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    transfers: list[Transfer]


class TransferResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The stored outcome of one id.

    ``existed``: it was stored by an earlier call. ``differs``: it was stored with another value of the field named
    here; the outcome is the stored one. ``amount`` is what moved, was held or was released, 0 where refused.
    """

    id: UUID
    outcome: Outcome
    amount: int
    recorded_at: datetime
    code: str | None = None
    existed: bool = False
    differs: str | None = None


class TransferResults(msgspec.Struct, frozen=True):
    """In the order of the request."""

    results: list[TransferResult]


class Attestation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What another service attests about a transfer: ``moved`` minor units went from ``debit`` to ``credit``.

    0 attests that nothing did: the ledger refused it, or held the money and gave it back, or (``unless_asked``) was
    never asked. ``otherwise`` is the transfer that moved the money to ``otherwise_credit`` where this one was refused.
    ``owner`` is the payment or movement that it hangs on, ``subject`` what attests it, as clients know it.
    """

    owner: UUID
    subject: str
    transfer_id: UUID
    debit: UUID
    credit: UUID
    currency: str
    moved: int
    unless_asked: bool = False
    otherwise: UUID | None = None
    otherwise_credit: UUID | None = None


class SetFlags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Freeze, unfreeze or close an account; answered once committed, so that nothing posts later.

    ``close`` needs a zero balance and no holds: otherwise 409 ``conflict``. ``actor`` is the key or the service that
    wants it; it is recorded with the ``reason`` in the transaction of the flag.
    """

    action: Literal["freeze", "unfreeze", "close"]
    scope: Literal["debits", "all"] = "debits"
    reason: str
    actor: Annotated[str, Meta(min_length=1, max_length=200)]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an account. ``amount`` is signed towards the account's normal side; ``posted`` is after it."""

    transfer_id: UUID
    account_id: UUID
    version: int
    kind: TransferKind
    purpose: Purpose
    amount: int
    held_change: int
    posted: int
    held: int
    recorded_at: datetime
    effective_at: datetime


class EntriesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries of one account, newest first; ``before_version`` is exclusive; times bound ``recorded_at``."""

    account_id: UUID
    limit: int = 20
    before_version: int | None = None
    recorded_from: datetime | None = None
    recorded_to: datetime | None = None


class Entries(msgspec.Struct, frozen=True):
    entries: list[Entry]


def system_account_id(kind: AccountKind, currency: str) -> UUID:
    """Return the id of the platform's own account of a kind and currency: a UUIDv8 of sha256(kind:currency)."""
    digest = bytearray(hashlib.sha256(f"{kind}:{currency}".encode()).digest()[:16])
    digest[0:6] = bytes(6)
    digest[6] = 0x80 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return UUID(bytes=bytes(digest))


def system_accounts(currency: str) -> list[OpenAccount]:
    """Return the accounts that every currency in use has: fees, rail and suspense, without limit."""
    kinds: tuple[AccountKind, ...] = ("fees", "rail", "suspense")
    return [
        OpenAccount(id=system_account_id(kind, currency), kind=kind, currency=currency, minimum=None) for kind in kinds
    ]


class LedgerClient:
    """Typed calls of ledger-service."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def open_accounts(self, accounts: Sequence[OpenAccount], *, timeout_seconds: float = 5.0) -> list[Account]:
        """Open accounts, or find them as they are; 409 ``conflict`` where one exists with another content."""
        reply = await self._caller.call(
            "POST", "/internal/accounts", OpenAccounts(list(accounts)), Accounts, timeout_seconds=timeout_seconds
        )
        return reply.accounts

    async def accounts(self, ids: Sequence[UUID], *, timeout_seconds: float = 2.0) -> list[Account]:
        """Read accounts by id; unknown ones are left out."""
        reply = await self._caller.call(
            "POST", "/internal/accounts/read", AccountIds(list(ids)), Accounts, timeout_seconds=timeout_seconds
        )
        return reply.accounts

    async def balances(self, query: AccountIds, *, timeout_seconds: float = 2.0) -> list[BalanceAsOf]:
        """Read balances as of an instant."""
        reply = await self._caller.call(
            "POST", "/internal/balances", query, BalancesAsOf, timeout_seconds=timeout_seconds
        )
        return reply.balances

    async def entries(self, query: EntriesQuery, *, timeout_seconds: float = 2.0) -> list[Entry]:
        """Read entries of one account, newest first."""
        reply = await self._caller.call("POST", "/internal/entries", query, Entries, timeout_seconds=timeout_seconds)
        return reply.entries

    async def set_flags(self, account: UUID, flags: SetFlags, *, timeout_seconds: float = 5.0) -> Account:
        """Freeze, unfreeze or close; 404 where there is no such account."""
        return await self._caller.call(
            "POST", f"/internal/accounts/{account}/flags", flags, Account, timeout_seconds=timeout_seconds
        )

    async def post(self, transfers: Sequence[Transfer], *, timeout_seconds: float = 10.0) -> list[TransferResult]:
        """Make transfers, each stored once; results in the order asked."""
        reply = await self._caller.call(
            "POST", "/internal/transfers", Transfers(list(transfers)), TransferResults, timeout_seconds=timeout_seconds
        )
        return reply.results
