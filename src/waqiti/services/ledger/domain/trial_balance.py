"""Trial balances: what stood on accounts before a day, what came and went in it, and what stood after it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import AccountKind
from waqiti.contracts.public.ledger import AccountBalance, CurrencyBalance, KindBalance
from waqiti.services.ledger.domain.naming import account_name


class KindRow(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts of a kind and currency that have entries; a credit is positive."""

    currency: str
    kind: AccountKind
    accounts: int
    opening: int
    debits: int
    credits: int


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account; ``entries`` is how many it has up to the end of the day. A credit is positive."""

    id: UUID
    kind: AccountKind
    currency: str
    opened_at: datetime
    entries: int
    opening: int
    debits: int
    credits: int


def by_currency(rows: Iterable[KindRow]) -> list[CurrencyBalance]:
    """Sum up kinds, which come in the order of their currencies."""
    return [_currency(currency, list(kinds)) for currency, kinds in groupby(rows, key=lambda row: row.currency)]


def of_account(row: AccountRow) -> AccountBalance:
    """Show an account."""
    return AccountBalance(
        account=account_name(row.id, row.kind, row.currency),
        kind=row.kind,
        currency=row.currency,
        opening=row.opening,
        debits=row.debits,
        credits=row.credits,
        closing=row.opening - row.debits + row.credits,
    )


def _currency(currency: str, rows: Sequence[KindRow]) -> CurrencyBalance:
    kinds = [_kind(row) for row in rows]
    opening, closing = sum(kind.opening for kind in kinds), sum(kind.closing for kind in kinds)
    debits, credits_ = sum(kind.debits for kind in kinds), sum(kind.credits for kind in kinds)
    return CurrencyBalance(
        currency=currency,
        balanced=opening == closing == 0 and debits == credits_,
        opening=opening,
        debits=debits,
        credits=credits_,
        closing=closing,
        kinds=kinds,
    )


def _kind(row: KindRow) -> KindBalance:
    return KindBalance(
        kind=row.kind,
        accounts=row.accounts,
        opening=row.opening,
        debits=row.debits,
        credits=row.credits,
        closing=row.opening - row.debits + row.credits,
    )
