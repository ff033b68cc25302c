"""Accepting payments: what is asked for at the same time becomes one transaction."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from waqiti.contracts.payment import PAYMENT_EVENTS
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.events import EventWriter
from waqiti.services.payment.store import acceptance
from waqiti.services.payment.store.acceptance import NewPayment
from waqiti.services.payment.usecases import events

MAX_BATCH: Final = 1_000
MAX_QUEUED: Final = 10_000
_MAX_TURNS: Final = 16
_MAX_ATTEMPTS: Final = 5


class Accepted(msgspec.Struct, frozen=True):
    """The payment under a key; ``replayed`` where the key was used before."""

    payment_id: UUID
    replayed: bool


Outcome = Accepted | Problem


class _Asked(msgspec.Struct, frozen=True):
    payments: Sequence[NewPayment]
    outcome: asyncio.Future[list[Outcome]]


class Acceptor:
    """One committer: it takes all that is queued, however much that is, and answers once it is committed."""

    def __init__(self, database: Database, writer: EventWriter) -> None:
        self._database = database
        self._writer = writer
        self._queue: list[_Asked] = []
        self._queued = 0
        self._committing: asyncio.Task[None] | None = None

    async def accept(self, payments: Sequence[NewPayment]) -> list[Outcome]:
        """Store payments with their states and events; one outcome each.

        Raises:
            Problem: 503 ``overloaded`` where too many are queued; ``DependencyUnavailable`` where the database is away.
        """
        if self._queued + len(payments) > MAX_QUEUED:
            raise Problem.unavailable("overloaded", "Too many payments are waiting to be accepted.")
        asked = _Asked(payments, asyncio.get_running_loop().create_future())
        self._queue.append(asked)
        self._queued += len(payments)
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_all(), name="accept payments")
        return await asked.outcome

    async def _commit_all(self) -> None:
        while self._queue:
            await self._let_arrive()
            batch = self._take()
            error = await self._try(batch)
            if isinstance(error, Problem) or (error is not None and len(batch) == 1):
                _refuse(batch, error)
            elif error is not None:
                await self._separately(batch)

    async def _let_arrive(self) -> None:
        """Let in what has been sent already, and wait for nothing else: small commits cost what large ones do."""
        for _ in range(_MAX_TURNS):
            before = self._queued
            await asyncio.sleep(0)  # what has come is read off its connections
            await asyncio.sleep(0)  # its requests run, and stand in the queue
            if self._queued == before:
                return

    async def _separately(self, batch: Sequence[_Asked]) -> None:
        """One request spoils a whole transaction: each gets one of its own."""
        for asked in batch:
            error = await self._try([asked])
            if error is not None:
                _refuse([asked], error)

    async def _try(self, batch: Sequence[_Asked]) -> Exception | None:
        try:
            await self._answer(batch)
        except Exception as error:  # noqa: BLE001 - it is theirs who asked
            return error
        return None

    def _take(self) -> list[_Asked]:
        size = taken = 0
        for asked in self._queue:
            if taken and size + len(asked.payments) > MAX_BATCH:
                break
            taken += 1
            size += len(asked.payments)
        batch, self._queue = self._queue[:taken], self._queue[taken:]
        self._queued -= size
        return batch

    async def _answer(self, batch: Sequence[_Asked]) -> None:
        first: dict[bytes, NewPayment] = {}
        for asked in batch:
            for payment in asked.payments:
                first.setdefault(payment.key_hash, payment)
        known = await self._commit(first)
        for asked in batch:
            if not asked.outcome.done():
                asked.outcome.set_result([_outcome(payment, known[payment.key_hash]) for payment in asked.payments])

    async def _commit(self, wanted: dict[bytes, NewPayment]) -> dict[bytes, tuple[bytes, UUID]]:
        """Store those whose key is new; return body hash and payment of every key."""
        known: dict[bytes, tuple[bytes, UUID]] = {}
        for _ in range(_MAX_ATTEMPTS):
            fresh = [payment for key, payment in wanted.items() if key not in known]
            try:
                await self._insert(fresh)
            except asyncpg.UniqueViolationError:
                known |= await self._look_up(list(wanted))
                continue
            return known | {payment.key_hash: (payment.body_hash, payment.facts.id) for payment in fresh}
        raise Problem.unavailable("overloaded", "The same keys are used too often at once.")

    async def _insert(self, fresh: Sequence[NewPayment]) -> None:
        if not fresh:
            return
        async with self._database.connection() as connection:
            arguments = await self._writer.arguments(connection, [events.created(one.facts) for one in fresh])
            await acceptance.accept(connection, fresh, arguments)
        self._writer.hint((PAYMENT_EVENTS,))

    async def _look_up(self, keys: Sequence[bytes]) -> dict[bytes, tuple[bytes, UUID]]:
        async with self._database.connection() as connection:
            rows = await acceptance.known_keys(connection, keys)
        return {row.key_hash: (row.body_hash, row.payment_id) for row in rows}


def _refuse(batch: Sequence[_Asked], error: Exception) -> None:
    for asked in batch:
        if not asked.outcome.done():
            asked.outcome.set_exception(error)


def _outcome(payment: NewPayment, known: tuple[bytes, UUID]) -> Outcome:
    body_hash, payment_id = known
    if body_hash != payment.body_hash:
        return Problem(422, "idempotency_key_reused", "This Idempotency-Key was used with another body.")
    return Accepted(payment_id, replayed=payment_id != payment.facts.id)
