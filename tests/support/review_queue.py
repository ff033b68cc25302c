"""fraud-service's review queue at work, with owners of movements that answer what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from tests.support.databases import FreshDatabase
from tests.support.house import OPERATOR_KEY, House, Visitor
from tests.support.raw import Answer
from tests.support.scoring import NOON
from waqiti.contracts import prefixes
from waqiti.contracts.casework import PAYMENT_CASEWORK, REVIEW_DUE, REVIEW_OVER, DisputeEvent
from waqiti.contracts.catalog import FRAUD, PAYMENT, WALLET
from waqiti.contracts.fraud import Reason
from waqiti.contracts.reviews import (
    ReviewDue,
    ReviewKind,
    ReviewOver,
    ReviewsDue,
    ReviewsOver,
    ReviewSubject,
    Verdict,
    VerdictTaken,
)
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.events import EventWriter, NewEvent
from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.foundation.ids import encode, new_id
from waqiti.foundation.runtime import Application, Context, Service
from waqiti.foundation.settings import Settings
from waqiti.services.fraud.service import SERVICE

DEADLINE_SECONDS: Final = 10.0
REASONS: Final = [Reason("near_threshold", "Just beneath a threshold.")]
_PATHS: Final = {PAYMENT: "/internal/payments/reviewed", WALLET: "/internal/withdrawals/reviewed"}

_WRITTEN: Final = "SELECT count(*) FROM eventlog.events WHERE topic = $1"
_READ: Final = 'SELECT coalesce(sum("offset"), 0)::bigint FROM eventlog.marks WHERE topic = $1'
_encode: Final = msgspec.json.Encoder().encode


class Owners:
    """payment-service and wallet-service, as far as they hear verdicts. ``answer`` may be replaced."""

    def __init__(self) -> None:
        self.heard: list[Verdict] = []
        self.answer: Callable[[Verdict], Awaitable[str]] = captured

    def services(self) -> list[Service[Any]]:
        return [self._service(name, path) for name, path in _PATHS.items()]

    async def _hear(self, incoming: Incoming) -> Outgoing:
        verdict = msgspec.json.decode(incoming.body, type=Verdict)
        self.heard.append(verdict)
        return Outgoing(200, _encode(VerdictTaken(await self.answer(verdict))))

    def _service(self, name: str, path: str) -> Service[Any]:
        raw = [RawRoute(method="POST", path=path, handler=self._hear, services=frozenset({FRAUD}))]

        @asynccontextmanager
        async def build(context: Context[Settings]) -> AsyncIterator[Application]:
            yield Application(asgi=context.http([], raw=raw))

        return Service(name=name, settings=Settings, build=build)


async def captured(verdict: Verdict) -> str:
    """Do what the verdict says."""
    return "captured" if verdict.outcome == "approve" else "declined"


async def knows_nothing(_verdict: Verdict) -> str:
    """Refuse a verdict about a movement that nobody knows."""
    raise Problem.not_found("There is no such payment.")


class Casework:
    """A running queue: who operates it, who fills it, and who hears its verdicts."""

    def __init__(self, house: House, addresses: Mapping[str, str], owners: Owners) -> None:
        self.house = house
        self.owners = owners
        self.operator = house.client(addresses[FRAUD], OPERATOR_KEY)
        self.user = house.client(addresses[FRAUD])
        self.wallets = house.internal_client(addresses[FRAUD], WALLET)

    async def due(self, *items: ReviewDue) -> None:
        await self._internal("due", ReviewsDue(list(items)))

    async def over(self, *items: ReviewOver) -> None:
        await self._internal("over", ReviewsOver(list(items)))

    async def opened(self, *kinds: ReviewKind, **more: Any) -> dict[ReviewKind, str]:
        """Put a new withdrawal into the queue; return the ids of its reviews."""
        item = due(*kinds, **more)
        await self.due(item)
        return await self.open_reviews(item.subject_id)

    async def open_reviews(self, subject_id: UUID) -> dict[ReviewKind, str]:
        """Return the ids of a movement's open reviews by their kinds."""
        return {row["kind"]: row["id"] for row in await self.listed("status=open&limit=100") if _about(row, subject_id)}

    async def statuses(self, subject_id: UUID) -> list[tuple[str, str]]:
        """Return kind and status of a movement's reviews, the oldest first."""
        rows = await self.rows("SELECT kind, status FROM reviews WHERE subject_id = $1 ORDER BY id", subject_id)
        return [(str(kind), str(status)) for kind, status in rows]

    async def listed(self, query: str = "") -> Any:
        answer = await self.operator.get(f"/v1/reviews?{query}")
        assert answer.status == 200, answer
        return answer.document()["data"]

    async def decide(
        self, review_id: str, outcome: str = "approve", *, key: str | None = None, label: str | None = None
    ) -> Answer:
        body = {"outcome": outcome, "reason": "Looked at it"} | ({"label": label} if label else {})
        return await self.operator.post(f"/v1/reviews/{review_id}/decision", body, idempotency_key=key)

    async def rows(self, query: str, *arguments: object) -> list[tuple[object, ...]]:
        """Run ``query`` on fraud-service's database as its superuser."""
        return await rows_of(self.house.databases[FRAUD], query, *arguments)

    async def _internal(self, what: str, body: msgspec.Struct) -> None:
        answer = await self.wallets.post(f"/internal/reviews/{what}", msgspec.to_builtins(body))
        assert answer.status == 200, answer


class Topic:
    """The casework topic of a payment-service."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.writer = EventWriter(database)

    async def say(self, *items: ReviewDue | ReviewOver | tuple[str, DisputeEvent]) -> None:
        """Append items as payment-service does, in one transaction."""
        await self.append(*(_event(item) for item in items))

    async def append(self, *events: NewEvent) -> None:
        async with self._database.transaction() as connection:
            await self.writer.append(connection, events)
        self.writer.hint({PAYMENT_CASEWORK})


@asynccontextmanager
async def open_casework(
    house: House, owners: Owners | None = None, *, own: Mapping[str, str] | None = None, alone: bool = False
) -> AsyncIterator[Casework]:
    """Serve the queue; ``alone`` without the services that own movements."""
    owners = owners or Owners()
    services = [SERVICE] if alone else [*owners.services(), SERVICE]
    async with house.serving(services, own={FRAUD: own or {}}) as addresses:
        yield Casework(house, addresses, owners)


@asynccontextmanager
async def open_topic(house: House) -> AsyncIterator[Topic]:
    """Write to the topic that fraud-service follows."""
    database = await Database.open(house.databases[PAYMENT].url, name=PAYMENT)
    topic = Topic(database)
    try:
        yield topic
    finally:
        await topic.writer.close()
        await database.close()


def due(
    *kinds: ReviewKind,
    subject_id: UUID | None = None,
    subject: ReviewSubject = "withdrawal",
    minutes: int = 0,
    score: float | None = 0.8,
    decide_by: datetime | None = None,
) -> ReviewDue:
    """Return what says that a movement is due, so many minutes after noon."""
    return ReviewDue(
        subject=subject,
        subject_id=subject_id or new_id(),
        kinds=list(kinds),
        from_wallet=new_id(),
        to_wallet=new_id() if subject == "payment" else None,
        amount=1_250,
        currency="EUR",
        score=score,
        reasons=REASONS,
        at=at(minutes),
        decide_by=decide_by,
    )


def over(item: ReviewDue, *, minutes: int = 1) -> ReviewOver:
    """Return what says that nobody waits any more."""
    return ReviewOver(subject=item.subject, subject_id=item.subject_id, at=at(minutes))


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


async def becomes(read: Callable[[], Awaitable[object]], expected: object) -> None:
    """Wait until ``read`` gives what is expected, at most 10 s."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while (found := await read()) != expected:
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(0.02)


async def figures_of(visitor: Visitor) -> dict[str, float]:
    """Read all figures of fraud-service that have no labels, by their names."""
    text = (await visitor.get("/actuator/prometheus")).body.decode()
    lines = [line.split(" ") for line in text.splitlines() if line.startswith("fraud_") and "{" not in line]
    return {name: float(value) for name, value in lines}


async def lag(house: House) -> int:
    """Return how many casework events fraud-service has not taken in."""
    (written,) = await rows_of(house.databases[PAYMENT], _WRITTEN, PAYMENT_CASEWORK)
    (read,) = await rows_of(house.databases[FRAUD], _READ, PAYMENT_CASEWORK)
    return int(str(written[0])) - int(str(read[0]))


async def rows_of(fresh: FreshDatabase, query: str, *arguments: object) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(fresh.admin_url)
    try:
        return [tuple(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


def _event(item: ReviewDue | ReviewOver | tuple[str, DisputeEvent]) -> NewEvent:
    if isinstance(item, tuple):
        kind, dispute = item
        return NewEvent(PAYMENT_CASEWORK, dispute.payment_id.hex, kind, dispute.payment_id, _encode(dispute))
    kind = REVIEW_DUE if isinstance(item, ReviewDue) else REVIEW_OVER
    return NewEvent(PAYMENT_CASEWORK, item.subject_id.hex, kind, item.subject_id, _encode(item))


def _about(row: Any, subject_id: UUID) -> bool:
    return (row["payment_id"] or row["withdrawal_id"]) in (
        encode(prefixes.PAYMENT, subject_id),
        encode(prefixes.WITHDRAWAL, subject_id),
    )
