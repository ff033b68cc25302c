"""Captures, voids and refunds as a client asks for them: one key, one effect, and the answer kept with it."""

from collections.abc import Callable
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import RequestKey, Stored, begin, finish
from waqiti.foundation.ids import new_id
from waqiti.services.payment.domain.payments import Payment
from waqiti.services.payment.domain.refunds import Refund
from waqiti.services.payment.domain.steps import Asked, Step
from waqiti.services.payment.store import payments, refunds, steps
from waqiti.services.payment.usecases.deciding import LedgerAway
from waqiti.services.payment.usecases.refunding import Refunding, Wanted
from waqiti.services.payment.usecases.stepping import Stepping

_OK = 200
_CREATED = 201
_ACCEPTED = 202
_CONFLICT = 409


class Answer(msgspec.Struct, frozen=True):
    """What the client is sent: the body is a payment or refund, from 400 on a problem document."""

    status: int
    body: bytes
    replayed: bool = False


class Commands:
    """One method for each thing that a client can do to a payment of its own."""

    def __init__(self, database: Database, stepping: Stepping, refunding: Refunding) -> None:
        self._database = database
        self._stepping = stepping
        self._refunding = refunding

    async def step(
        self, request: RequestKey, request_id: str, payment_id: UUID, asked: Asked, render: Callable[[Payment], bytes]
    ) -> Answer:
        """Capture or void: 200 with the payment, 202 where the ledger does not answer, 409 where it cannot be.

        Raises:
            Problem: what is not stored: 404, an odd key, a database that is away.
        """
        step = await self._begin_step(request, request_id, payment_id, asked)
        if isinstance(step, Answer):
            return step
        answers: list[Answer] = []

        async def keep(connection: Connection, ended: Step, payment: Payment) -> None:
            answers.append(await _keep(connection, request, _step_answer(ended, payment, render, request_id)))

        try:
            await self._stepping.drive(step, keep)
        except LedgerAway:
            async with self._database.connection() as connection:
                (payment,) = await payments.read(connection, [payment_id])
            return Answer(_ACCEPTED, render(payment))
        return answers[-1]

    async def refund(
        self, request: RequestKey, request_id: str, payment_id: UUID, wanted: Wanted, render: Callable[[Refund], bytes]
    ) -> Answer:
        """Refund: 201 with the refund, succeeded or failed; 202 where the ledger does not answer; 409 if too much.

        Raises:
            Problem: what is not stored: 404, an odd key, a database that is away.
        """
        refund = await self._begin_refund(request, request_id, payment_id, wanted)
        if isinstance(refund, Answer):
            return refund
        answers: list[Answer] = []

        async def keep(connection: Connection, ended: Refund) -> None:
            answers.append(await _keep(connection, request, Answer(_CREATED, render(ended))))

        try:
            await self._refunding.drive(refund, keep)
        except LedgerAway:
            return Answer(_ACCEPTED, render(refund))
        return answers[-1]

    async def _begin_step(self, request: RequestKey, request_id: str, payment_id: UUID, asked: Asked) -> Step | Answer:
        async with self._database.transaction() as connection:
            found = await begin(connection, request, new_id)
            if isinstance(found, Stored):
                return Answer(found.status, found.body, replayed=True)
            known = await steps.read(connection, found.resource_id)
            if known is not None:
                return known
            try:
                return await self._stepping.begin(connection, payment_id, found.resource_id, asked)
            except Problem as problem:
                return await _keep_conflict(connection, request, request_id, problem)

    async def _begin_refund(
        self, request: RequestKey, request_id: str, payment_id: UUID, wanted: Wanted
    ) -> Refund | Answer:
        async with self._database.transaction() as connection:
            found = await begin(connection, request, new_id)
            if isinstance(found, Stored):
                return Answer(found.status, found.body, replayed=True)
            known = await refunds.read(connection, found.resource_id)
            if known is not None:
                return known
            try:
                return await self._refunding.begin(connection, payment_id, found.resource_id, wanted)
            except Problem as problem:
                return await _keep_conflict(connection, request, request_id, problem)


async def _keep(connection: Connection, request: RequestKey, answer: Answer) -> Answer:
    stored = await finish(connection, request, answer.status, answer.body)
    return Answer(stored.status, stored.body)


async def _keep_conflict(connection: Connection, request: RequestKey, request_id: str, problem: Problem) -> Answer:
    """Keep a conflict as the answer to its key; one that may pass, and any other problem, is not kept."""
    if problem.status != _CONFLICT or problem.retryable:
        raise problem
    return await _keep(connection, request, _problem_answer(problem, request_id))


def _step_answer(ended: Step, payment: Payment, render: Callable[[Payment], bytes], request_id: str) -> Answer:
    if ended.status == "done":
        return Answer(_OK, render(payment))
    return _problem_answer(Problem.conflict(f"The ledger refused: {ended.code}."), request_id)


def _problem_answer(problem: Problem, request_id: str) -> Answer:
    return Answer(problem.status, msgspec.json.encode(problem.document(request_id)))
