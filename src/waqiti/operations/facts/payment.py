"""What payment-service's database knows about one payment; free text, which may name people, stays there."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from waqiti.contracts.payment import (
    CONSUMER_GROUP,
    PAYMENT_EVENTS,
    PAYMENT_RESULTS,
    Decision,
    PaymentResult,
    Status,
    StepKind,
)
from waqiti.foundation.database import Connection
from waqiti.operations.facts.queue import STANDS_IN_LINE

_MOST_EVENTS: Final = 200
_MOST: Final = 100
_DECISION: Final = msgspec.json.Decoder(Decision)
_RESULT: Final = msgspec.json.Decoder(PaymentResult)


class PaymentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The payment as it stands; amounts in minor units."""

    id: UUID
    status: Status
    amount: int
    currency: str
    fee: int
    manual: bool
    from_wallet: UUID
    to_wallet: UUID
    from_account: UUID
    to_account: UUID
    from_customer: UUID
    to_customer: UUID
    created_by: str
    captured: int
    refunded: int
    reserved: int
    fee_captured: int
    review: str | None
    failure_code: str | None
    settled_by: UUID | None
    decision: Decision | None
    created_at: datetime
    updated_at: datetime


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event about the payment: ``status`` where it is a transition, ``trace`` the id of the trace that it is of.

    ``reason`` of one that has a review wait for people is which reviews.
    """

    at: datetime
    type: str
    status: Status | None
    actor: str
    reason: str | None
    trace: str | None


class StepFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A capture, void or expiry."""

    id: UUID
    number: int
    kind: StepKind
    amount: int
    status: str
    code: str | None
    actor: str
    reason: str | None
    created_at: datetime


class RefundFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A refund."""

    id: UUID
    number: int
    amount: int
    status: str
    failure_code: str | None
    actor: str
    created_at: datetime


class DisputeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute; what people said in it is left out."""

    id: UUID
    kind: str
    status: str
    opened_by: str
    opened_at: datetime
    resolved_by: str | None
    resolved_at: datetime | None


class Poisoned(msgspec.Struct, frozen=True):
    """An event of the payment that could not be processed, when and why."""

    at: datetime
    error: str


class ParkedFacts(msgspec.Struct, frozen=True):
    """Why and since when the payment waits; poison is asked about again at ``retry_at``."""

    reason: str
    parked_at: datetime
    retry_at: datetime


class PaymentLife(msgspec.Struct, frozen=True, kw_only=True):
    """All that payment-service knows; lists in the order of time. ``in_line``: an event to come will move it."""

    payment: PaymentFacts
    events: list[Happened]
    steps: list[StepFacts]
    refunds: list[RefundFacts]
    disputes: list[DisputeFacts]
    poisoned: list[Poisoned]
    parked: ParkedFacts | None
    deadline_at: datetime | None
    in_line: bool


_PAYMENT: Final = """
SELECT p.id, s.status, p.amount, p.currency, p.fee, p.manual, p.from_wallet, p.to_wallet, p.from_account, p.to_account,
       p.from_customer, p.to_customer, p.created_by, s.captured, s.refunded, s.reserved, s.fee_captured, s.review,
       s.failure_code, s.settled_by, s.decision, p.created_at, s.updated_at
FROM payments p
JOIN states s ON s.id = p.id
WHERE p.id = $1
"""


async def payment_life(connection: Connection, payment_id: UUID) -> PaymentLife | None:
    """Read a payment and all that hangs on it; None where there is none."""
    row = await connection.fetchrow(_PAYMENT, payment_id)
    if row is None:
        return None
    return PaymentLife(
        payment=_payment(row),
        events=await _events(connection, payment_id),
        steps=await _steps(connection, payment_id),
        refunds=await _refunds(connection, payment_id),
        disputes=await _disputes(connection, payment_id),
        poisoned=await _poisoned(connection, payment_id),
        parked=await _parked(connection, payment_id),
        deadline_at=await _deadline(connection, payment_id),
        in_line=await _in_line(connection, payment_id),
    )


def _payment(row: asyncpg.Record) -> PaymentFacts:
    values: dict[str, Any] = dict(row)
    text = values.pop("decision")
    return PaymentFacts(**values, decision=None if text is None else _DECISION.decode(text))


_EVENTS: Final = """
SELECT topic, type, convert_to(data::text, 'UTF8') AS data, trace, recorded_at
FROM eventlog.events
WHERE subject = $1
ORDER BY recorded_at, topic, "offset"
LIMIT $2
"""


class _Queued(msgspec.Struct, frozen=True):
    actor: str = ""
    kinds: tuple[str, ...] = ()


async def _events(connection: Connection, payment_id: UUID) -> list[Happened]:
    return [_happened(row) for row in await connection.fetch(_EVENTS, payment_id, _MOST_EVENTS)]


def _happened(row: asyncpg.Record) -> Happened:
    trace = None if row["trace"] is None else row["trace"].split("-")[1]
    if row["topic"] == PAYMENT_RESULTS:
        result = _RESULT.decode(row["data"])
        return Happened(
            at=row["recorded_at"],
            type=row["type"],
            status=result.status,
            actor=result.actor,
            reason=result.reason,
            trace=trace,
        )
    data = msgspec.json.decode(row["data"], type=_Queued)
    status: Status | None = "created" if row["type"] == "payment.created" else None
    return Happened(
        at=row["recorded_at"],
        type=row["type"],
        status=status,
        actor=data.actor,
        reason=", ".join(data.kinds) or None,
        trace=trace,
    )


_STEPS: Final = """
SELECT id, number, kind, amount, status, code, actor, reason, created_at
FROM steps WHERE payment_id = $1 ORDER BY number LIMIT $2
"""


async def _steps(connection: Connection, payment_id: UUID) -> list[StepFacts]:
    return [StepFacts(**dict(row)) for row in await connection.fetch(_STEPS, payment_id, _MOST)]


_REFUNDS: Final = """
SELECT id, number, amount, status, failure_code, actor, created_at
FROM refunds WHERE payment_id = $1 ORDER BY number LIMIT $2
"""


async def _refunds(connection: Connection, payment_id: UUID) -> list[RefundFacts]:
    return [RefundFacts(**dict(row)) for row in await connection.fetch(_REFUNDS, payment_id, _MOST)]


_DISPUTES: Final = """
SELECT id, kind, status, opened_by, opened_at, resolved_by, resolved_at
FROM disputes WHERE payment_id = $1 ORDER BY id LIMIT $2
"""


async def _disputes(connection: Connection, payment_id: UUID) -> list[DisputeFacts]:
    return [DisputeFacts(**dict(row)) for row in await connection.fetch(_DISPUTES, payment_id, _MOST)]


_POISONED: Final = """
SELECT d.dead_at AS at, d.error
FROM eventlog.events e
JOIN eventlog.dead_letters d
    ON d.group_name = $2 AND d.topic = e.topic AND d.partition = e.partition AND d."offset" = e."offset"
WHERE e.subject = $1 AND e.topic = $3
ORDER BY d.dead_at
LIMIT $4
"""


async def _poisoned(connection: Connection, payment_id: UUID) -> list[Poisoned]:
    found = await connection.fetch(_POISONED, payment_id, CONSUMER_GROUP, PAYMENT_EVENTS, _MOST)
    return [Poisoned(**dict(row)) for row in found]


_PARKED: Final = "SELECT reason, parked_at, retry_at FROM parked WHERE payment_id = $1"


async def _parked(connection: Connection, payment_id: UUID) -> ParkedFacts | None:
    row = await connection.fetchrow(_PARKED, payment_id)
    return None if row is None else ParkedFacts(**dict(row))


_DEADLINE: Final = "SELECT deadline_at FROM clocks WHERE payment_id = $1"


async def _deadline(connection: Connection, payment_id: UUID) -> datetime | None:
    found: datetime | None = await connection.fetchval(_DEADLINE, payment_id)
    return found


_IN_LINE: Final = f"SELECT {STANDS_IN_LINE} FROM (VALUES ($3::uuid)) queued (id)"  # noqa: S608 - of constants


async def _in_line(connection: Connection, payment_id: UUID) -> bool:
    found: bool = await connection.fetchval(_IN_LINE, CONSUMER_GROUP, PAYMENT_EVENTS, payment_id)
    return found


_STATUSES: Final = "SELECT id, status FROM states WHERE id = ANY ($1::uuid[])"


async def payment_statuses(connection: Connection, ids: list[UUID]) -> dict[UUID, Status]:
    """Return the statuses of payments; unknown ones are left out."""
    return {row["id"]: row["status"] for row in await connection.fetch(_STATUSES, ids)}
