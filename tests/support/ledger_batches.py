"""Batches for the ledger, made by hand or by Hypothesis."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from waqiti.contracts.ledger import OpenAccount, Purpose, Transfer, TransferKind
from waqiti.foundation.ids import new_id

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=1)
FAR_AHEAD = NOW + timedelta(days=365)

ACCOUNTS = [
    OpenAccount(id=UUID(int=1 << 80 | 1), kind="wallet", currency="EUR"),
    OpenAccount(id=UUID(int=1 << 80 | 2), kind="wallet", currency="EUR"),
    OpenAccount(id=UUID(int=1 << 80 | 3), kind="wallet", currency="EUR", minimum=-20),
    OpenAccount(id=UUID(int=1 << 80 | 4), kind="rail", currency="EUR", minimum=None),
    OpenAccount(id=UUID(int=1 << 80 | 5), kind="fees", currency="EUR", minimum=None),
    OpenAccount(id=UUID(int=1 << 80 | 6), kind="wallet", currency="USD"),
]
NOBODY = UUID(int=1 << 80 | 99)


def transfer(debit: UUID, credit: UUID, amount: int, **more: Any) -> Transfer:
    """A post of a payment in EUR under a new id, unless ``more`` says otherwise."""
    fields: dict[str, Any] = {"id": new_id(), "kind": "post", "purpose": "payment", "currency": "EUR"} | more
    return Transfer(debit=debit, credit=credit, amount=amount, **fields)


_IDS = st.integers(min_value=1, max_value=24).map(lambda number: UUID(int=0x0190_0000_0000 << 80 | number))
_SIDES = st.sampled_from([account.id for account in ACCOUNTS[:5]] * 4 + [ACCOUNTS[5].id, NOBODY])
_COMMON: list[TransferKind] = ["post", "post", "hold", "capture"]
_RARE: list[TransferKind] = ["void", "expire", "refuse"]
_KINDS = st.sampled_from(_COMMON * 3 + _RARE)
_PURPOSES: list[Purpose] = ["payment", "payment", "payment", "fee", "refund"]
_CODES = st.sampled_from(["fraud_declined", "limit_exceeded", "sanctions_hit", "customer_blocked"])


@st.composite
def items(draw: st.DrawFn) -> Transfer:
    """One item; ids are few, so that it may be known, be about another, or repeat one in its batch."""
    kind = draw(_KINDS)
    debit = draw(_SIDES)
    credit = draw(_SIDES.filter(lambda side: side != debit))
    purpose: Purpose = draw(st.sampled_from(_PURPOSES)) if kind == "post" else "payment"
    needs_target = kind in ("capture", "void", "expire") or purpose == "refund"
    refused = kind == "refuse" or (kind in ("post", "hold", "capture") and draw(st.integers(0, 7)) == 0)
    return Transfer(
        id=draw(_IDS),
        kind=kind,
        purpose=purpose,
        debit=debit,
        credit=credit,
        amount=draw(st.integers(min_value=1, max_value=60)),
        currency=draw(st.sampled_from(["EUR"] * 12 + ["USD"])),
        target=draw(_IDS) if needs_target else None,
        refusals=tuple(draw(st.lists(_CODES, min_size=1, max_size=3))) if refused else (),
        max_credit_balance=draw(st.sampled_from([None] * 4 + [50, 120])) if kind != "refuse" else None,
        expires_at=draw(st.sampled_from([None, LONG_AGO, FAR_AHEAD])) if kind == "hold" else None,
        linked=draw(st.integers(0, 3)) == 0,
    )


@st.composite
def about_earlier(draw: st.DrawFn) -> list[Transfer]:
    """A money step and a later one about it, between the same accounts: a hold and its end, or a post and a refund."""
    first = draw(items().filter(lambda item: item.kind in ("post", "hold") and item.purpose == "payment"))
    fresh = draw(_IDS)
    if first.kind == "hold":
        kind = draw(st.sampled_from(["capture", "capture", "void", "expire"]))
        second = transfer(first.debit, first.credit, draw(st.integers(1, 60)), id=fresh, kind=kind, target=first.id)
    else:
        second = transfer(
            first.credit, first.debit, draw(st.integers(1, 60)), id=fresh, purpose="refund", target=first.id
        )
    return [first, second]


def batches() -> st.SearchStrategy[list[list[Transfer]]]:
    """Some batches to post one after the other; the first puts money into the wallets."""
    parts = st.one_of(items().map(lambda item: [item]), about_earlier())
    batch = st.lists(parts, min_size=1, max_size=6).map(lambda lists: [item for part in lists for item in part])
    return st.lists(batch.map(_ended), min_size=1, max_size=4)


def funding() -> list[Transfer]:
    """Put 100 into each EUR wallet."""
    rail = ACCOUNTS[3].id
    return [transfer(rail, account.id, 100, purpose="deposit") for account in ACCOUNTS[:3]]


def _ended(batch: list[Transfer]) -> list[Transfer]:
    last = batch[-1]
    fields = {name: getattr(last, name) for name in last.__struct_fields__} | {"linked": False}
    return [*batch[:-1], Transfer(**fields)]
