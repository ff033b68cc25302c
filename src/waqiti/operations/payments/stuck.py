"""Which payments are stuck, for an operator or for triage."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.catalog import LEDGER, PAYMENT
from waqiti.foundation.ids import encode, first_id
from waqiti.operations.facts import stuck as facts
from waqiti.operations.facts.answers import ASKED_FIRST, answered
from waqiti.operations.facts.reading import Source, Unreadable, read_fact
from waqiti.operations.facts.stuck import StuckPayment, StuckReason, Total
from waqiti.operations.payments.standing import NONE_ISOLATED

MOST: Final = 1_000
LISTED: Final = "stuck_payments"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A stuck payment; ``waits_for`` is the deployment whose answer is missing, None where that is not known."""

    id: str
    status: str
    reason: StuckReason
    amount: int
    currency: str
    created_at: datetime
    since: datetime
    age_seconds: float
    waits_for: str | None
    next_try_at: datetime | None


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments in a currency, and what they are about in minor units."""

    currency: str
    payments: int
    amount: int


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """``payments`` and ``amounts`` count all; ``listed`` are the oldest thousand of them.

    ``held`` are payments that wait for people, and are not stuck: empty unless asked for. ``isolated`` are deployments
    that are cut off and without which those listed do not move, each with the command that ends it.
    """

    at: datetime
    older_seconds: float
    payments: int
    amounts: list[Amount]
    listed: list[Shown]
    held: list[Total]
    unreadable: list[Unreadable]
    isolated: dict[str, str] = {}


async def find_stuck(
    databases: Mapping[str, str],
    older: timedelta,
    now: datetime,
    *,
    held: bool = False,
    limit: int = MOST,
    isolated: Mapping[str, str] = NONE_ISOLATED,
) -> Stuck:
    """Find payments that nothing is decided about although they are ``older``.

    Where payment-service's database cannot be read, nothing is listed and ``unreadable`` says why. ``isolated`` are all
    deployments that are cut off, as ``standing`` wants them.
    """
    before, source = first_id(now - older), Source(PAYMENT, databases[PAYMENT])
    listed, totals, waiting = await asyncio.gather(
        read_fact(LISTED, source, lambda connection: facts.stuck_payments(connection, before, limit)),
        read_fact("stuck_totals", source, lambda connection: facts.stuck_totals(connection, before)),
        read_fact("held_totals", source, facts.held_totals) if held else _nothing(),
    )
    unreadable = [one for one in (listed, totals, waiting) if isinstance(one, Unreadable)]
    payments = [] if isinstance(listed, Unreadable) else listed
    missing, away = await _missing(databases, payments)
    amounts = _amounts(payments if isinstance(totals, Unreadable) else totals)
    return Stuck(
        at=now,
        older_seconds=older.total_seconds(),
        payments=sum(one.payments for one in amounts),
        amounts=amounts,
        listed=[_shown(payment, missing.get(payment.id), now) for payment in payments],
        held=[] if isinstance(waiting, Unreadable) else waiting,
        unreadable=[*unreadable, *away],
        isolated=_in_the_way(isolated, payments, missing),
    )


def _in_the_way(
    isolated: Mapping[str, str], payments: Sequence[StuckPayment], missing: Mapping[UUID, str]
) -> dict[str, str]:
    needed = {PAYMENT, *missing.values()} if payments else set()
    return {service: command for service, command in isolated.items() if service in needed}


async def _nothing() -> list[Total]:
    return []


async def _missing(
    databases: Mapping[str, str], payments: Sequence[StuckPayment]
) -> tuple[dict[UUID, str], list[Unreadable]]:
    """Return whose answer each payment that a service is away for lacks: the first of those asked, else the ledger."""
    ids = [payment.id for payment in payments if payment.reason == "away"]
    if not ids:
        return {}, []
    found = await asyncio.gather(*(_answered(databases, deployment, ids) for deployment in ASKED_FIRST))
    away = [one for one in found if isinstance(one, Unreadable)]
    if away:
        return {}, away
    missing = dict.fromkeys(ids, LEDGER)
    for deployment, known in reversed(list(zip(ASKED_FIRST, found, strict=True))):
        assert not isinstance(known, Unreadable)
        missing |= {one: deployment for one in ids if one not in known}
    return missing, []


async def _answered(databases: Mapping[str, str], deployment: str, ids: Sequence[UUID]) -> frozenset[UUID] | Unreadable:
    source = Source(deployment, databases[deployment])
    return await read_fact("answers", source, lambda connection: answered(connection, deployment, ids))


def _shown(payment: StuckPayment, missing: str | None, now: datetime) -> Shown:
    return Shown(
        id=encode(prefixes.PAYMENT, payment.id),
        status=payment.status,
        reason=payment.reason,
        amount=payment.amount,
        currency=payment.currency,
        created_at=payment.created_at,
        since=payment.since,
        age_seconds=round((now - payment.created_at).total_seconds(), 3),
        waits_for=missing,
        next_try_at=payment.next_try_at,
    )


def _amounts(found: Sequence[StuckPayment] | Sequence[Total]) -> list[Amount]:
    payments: dict[str, int] = defaultdict(int)
    amounts: dict[str, int] = defaultdict(int)
    for one in found:
        payments[one.currency] += one.payments if isinstance(one, Total) else 1
        amounts[one.currency] += one.amount
    return [Amount(currency=code, payments=payments[code], amount=amounts[code]) for code in sorted(amounts)]
