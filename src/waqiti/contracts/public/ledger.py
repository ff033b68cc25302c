"""The books as operators see them: trial balances, closed periods, manual entries, safeguarding.

Amounts are minor units; a balance is signed, and a credit is positive: what the platform owes is positive, what lies
outside (``rail``) is negative, and all accounts of a currency sum to zero.
"""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from waqiti.contracts.ledger import AccountKind
from waqiti.contracts.public.common import Currency, Failure, JournalEntryId, PeriodCloseId, Time
from waqiti.foundation.money import MAX_AMOUNT

Reason = Annotated[str, Meta(min_length=1, max_length=500, examples=["The month is reconciled"])]


class KindBalance(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of a kind over a day: ``closing`` is ``opening`` - ``debits`` + ``credits``."""

    kind: AccountKind
    accounts: int
    opening: int
    debits: int
    credits: int
    closing: int


class CurrencyBalance(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of a currency over a day.

    ``balanced`` where ``opening`` and ``closing`` are zero and ``debits`` are ``credits``.
    """

    currency: Currency
    balanced: bool
    opening: int
    debits: int
    credits: int
    closing: int
    kinds: list[KindBalance]


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the books, UTC, by effective time; ``closed`` where nothing can be added to it any more.

    ``provisional`` until a second after the day: what is under way is not in it yet.
    """

    date: dt.date
    closed: bool
    provisional: bool
    currencies: list[CurrencyBalance]


class AccountBalance(msgspec.Struct, frozen=True, kw_only=True):
    """An account over a day. ``account`` is the id of a wallet, or the kind of an account of the platform's own."""

    account: str
    kind: AccountKind
    currency: Currency
    opening: int
    debits: int
    credits: int
    closing: int


class NewPeriodClose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Closes the books up to the end of a day, UTC, that has ended."""

    through: Annotated[dt.date, Meta(examples=["2026-01-31"])]
    reason: Reason


class PeriodClose(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing that is recorded after ``closed_at`` counts from ``through`` or a day before it."""

    id: PeriodCloseId
    through: dt.date
    reason: str
    closed_by: str
    closed_at: Time


JournalStatus = Literal["proposed", "posted", "refused", "declined"]
JournalDecision = Literal["approve", "decline"]
AccountName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="The id of a wallet, or fees, rail, suspense or liquidity.",
        examples=["suspense"],
    ),
]


class NewJournalEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A manual entry: ``amount`` minor units go from ``debit`` to ``credit`` once a second operator approves.

    ``effective_at`` is when it counts from, in a period that is open; None is when it is approved.
    """

    debit: AccountName
    credit: Annotated[AccountName, Meta(examples=["fees"])]
    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, examples=[1250])]
    currency: Currency
    reason: Reason
    effective_at: Time | None = None


class NewJournalDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What another operator says of an entry; whoever proposed one may decline it as well."""

    outcome: Annotated[JournalDecision, Meta(examples=["approve"])]
    reason: Reason


class NewJournalReversal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Takes back an entry that was posted, by a new one the other way round, which is approved as any other."""

    reason: Reason
    effective_at: Time | None = None


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A manual entry. ``posted`` where its money moved, ``refused`` where the ledger did not take it (``failure``).

    ``reverses`` is the entry that it takes back. The last three are None until it is decided about.
    """

    id: JournalEntryId
    status: JournalStatus
    debit: str
    credit: str
    amount: int
    currency: Currency
    effective_at: Time | None
    reason: str
    reverses: JournalEntryId | None
    failure: Failure | None
    proposed_by: str
    proposed_at: Time
    decided_by: str | None
    decided_at: Time | None
    decision_reason: str | None


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """Whether what customers are owed in a currency lies at the rails.

    ``difference`` is ``rail`` + ``overdrawn`` - ``customers`` - ``suspense`` - ``fees`` - ``liquidity``: zero in books
    that balance. ``uncovered`` is by how much ``rail`` falls short of ``customers`` + ``suspense``. ``holds`` where
    both are zero.
    """

    currency: Currency
    holds: bool
    difference: int
    uncovered: int
    rail: int
    customers: int
    overdrawn: int
    suspense: int
    fees: int
    liquidity: int


class Safeguarding(msgspec.Struct, frozen=True, kw_only=True):
    """Safeguarding as of an instant of effective time, by currency; ``provisional`` in the last second."""

    as_of: Time
    holds: bool
    provisional: bool
    currencies: list[Covered]
