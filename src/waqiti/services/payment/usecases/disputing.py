"""Disputes as clients open them and operators resolve them; each change is told with it."""

from collections.abc import Callable
from uuid import UUID

import msgspec

from waqiti.contracts.casework import DISPUTE_OPENED, DISPUTE_RESOLVED, PAYMENT_CASEWORK, DisputeKind, DisputeStatus
from waqiti.contracts.public.disputes import Outcome
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.events import EventWriter
from waqiti.foundation.idempotency import Answer, RequestKey, Stored, begin, keep, keep_refusal, replay
from waqiti.foundation.ids import new_id
from waqiti.services.payment.domain import disputes as rules
from waqiti.services.payment.domain.disputes import Dispute
from waqiti.services.payment.domain.payments import Facts
from waqiti.services.payment.store import disputes, payments
from waqiti.services.payment.usecases import events
from waqiti.services.payment.usecases.stepping import locked

Render = Callable[[Dispute], bytes]

_CREATED = 201
_OK = 200


class Opening(msgspec.Struct, frozen=True):
    """What a client says went wrong."""

    payment_id: UUID
    kind: DisputeKind
    detail: str
    actor: str


class Resolution(msgspec.Struct, frozen=True):
    """What an operator found out."""

    dispute_id: UUID
    outcome: Outcome
    reason: str
    actor: str


class Disputing:
    """Each change is one transaction: the dispute, the answer kept under its key, and the event."""

    def __init__(self, database: Database, writer: EventWriter) -> None:
        self._database = database
        self._writer = writer

    async def open(self, request: RequestKey, request_id: str, opening: Opening, render: Render) -> Answer:
        """Open a dispute: 201 with it, 409 where its kind does not fit the payment or is open about it, 404.

        Raises:
            Problem: what is not stored: an odd key, a database that is away.
        """
        async with self._database.transaction() as connection:
            found = await begin(connection, request, new_id)
            if isinstance(found, Stored):
                return replay(found)
            try:
                facts, dispute = await self._insert(connection, found.resource_id, opening)
            except Problem as problem:
                return await keep_refusal(connection, request, problem, request_id)
            answer = await keep(connection, request, Answer(_CREATED, render(dispute)))
            await self._tell(connection, facts, dispute, DISPUTE_OPENED)
        self._writer.hint((PAYMENT_CASEWORK,))
        return answer

    async def resolve(self, request: RequestKey, request_id: str, resolution: Resolution, render: Render) -> Answer:
        """Resolve a dispute: 200 with it, 409 where it was resolved before, 404.

        Raises:
            Problem: what is not stored: an odd key, a database that is away.
        """
        async with self._database.transaction() as connection:
            found = await begin(connection, request, new_id)
            if isinstance(found, Stored):
                return replay(found)
            try:
                facts, dispute = await self._resolve(connection, resolution)
            except Problem as problem:
                return await keep_refusal(connection, request, problem, request_id)
            answer = await keep(connection, request, Answer(_OK, render(dispute)))
            await self._tell(connection, facts, dispute, DISPUTE_RESOLVED)
        self._writer.hint((PAYMENT_CASEWORK,))
        return answer

    async def read(self, dispute_id: UUID) -> Dispute:
        """Read a dispute.

        Raises:
            Problem: 404 ``not_found``.
        """
        async with self._database.connection() as connection:
            return _known(await disputes.read(connection, dispute_id))

    async def find(self, status: DisputeStatus | None, before: UUID, limit: int) -> tuple[list[Dispute], bool]:
        """List disputes, newest first, and tell whether more follow; ``before`` is the last one seen."""
        async with self._database.connection() as connection:
            if status is None:
                found = await disputes.newest(connection, before, limit + 1)
            else:
                found = await disputes.newest_of_status(connection, status, before, limit + 1)
        return found[:limit], len(found) > limit

    async def of_payment(self, payment_id: UUID, before: UUID, limit: int) -> tuple[list[Dispute], bool]:
        """List the disputes about a payment, newest first, and tell whether more follow.

        Raises:
            Problem: 404 ``not_found`` where there is no such payment.
        """
        async with self._database.connection() as connection:
            if not await payments.states(connection, [payment_id]):
                raise Problem.not_found("There is no such payment.")
            found = await disputes.newest_of_payment(connection, payment_id, before, limit + 1)
        return found[:limit], len(found) > limit

    async def _insert(self, connection: Connection, dispute_id: UUID, opening: Opening) -> tuple[Facts, Dispute]:
        payment = await locked(connection, opening.payment_id)
        dispute = rules.opened(payment, dispute_id, opening.kind, opening.detail, opening.actor, utc_now())
        if not await disputes.insert(connection, dispute):
            raise Problem.conflict(f"A dispute of this payment as {opening.kind} is open already.")
        return payment.facts, dispute

    async def _resolve(self, connection: Connection, resolution: Resolution) -> tuple[Facts, Dispute]:
        dispute = _known(await disputes.lock(connection, resolution.dispute_id))
        ended = rules.resolved(dispute, resolution.outcome, resolution.reason, resolution.actor, utc_now())
        await disputes.resolve(connection, ended)
        (payment,) = await payments.read(connection, [ended.payment_id])
        return payment.facts, ended

    async def _tell(self, connection: Connection, facts: Facts, dispute: Dispute, what: str) -> None:
        await self._writer.append(connection, [events.disputed(facts, dispute, what)])


def _known(dispute: Dispute | None) -> Dispute:
    if dispute is None:
        raise Problem.not_found("There is no such dispute.")
    return dispute
