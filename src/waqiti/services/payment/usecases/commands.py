"""Captures, voids and refunds as a client asks for them: one key, one effect, and the answer kept with it."""

from collections.abc import Callable
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import (
    Answer,
    RequestKey,
    Stored,
    begin,
    keep,
    keep_refusal,
    problem_answer,
    replay,
)
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

__all__ = ["Answer", "Commands"]


class Commands:
    """One method for each thing that a client can do to a payment of its own."""

    def __init__(self, database: Database, stepping: Stepping, refunding: Refunding) -> None:
        self._database = database
        self._stepping = stepping
        self._refunding = refunding

    async def step(
        self, request: RequestKey, request_id: str, payment_id: UUID, asked: Asked, render: Callable[[Payment], bytes]
    ) -> Answer:
        """Capture or void: 200 with the payment, 202 where the ledger does not answer, 409 where it cannot be, 404.

        Raises:
            Problem: what is not stored: an odd key, another step under way, a database that is away.
        """
        begun = await self._begin_step(request, request_id, payment_id, asked)
        if isinstance(begun, Answer):
            return begun
        step, replayed = begun
        answers: list[Answer] = []

        async def keep_step(connection: Connection, ended: Step, payment: Payment) -> None:
            answers.append(await keep(connection, request, _step_answer(ended, payment, render, request_id)))

        try:
            await self._stepping.drive(step, keep_step)
        except LedgerAway:
            async with self._database.connection() as connection:
                (payment,) = await payments.read(connection, [payment_id])
            return Answer(_ACCEPTED, render(payment), replayed)
        return msgspec.structs.replace(answers[-1], replayed=replayed)

    async def refund(
        self, request: RequestKey, request_id: str, payment_id: UUID, wanted: Wanted, render: Callable[[Refund], bytes]
    ) -> Answer:
        """Refund: 201 with the refund, succeeded or failed; 202 where the ledger does not answer; 409 if too much, 404.

        Raises:
            Problem: what is not stored: an odd key, a database that is away.
        """
        begun = await self._begin_refund(request, request_id, payment_id, wanted)
        if isinstance(begun, Answer):
            return begun
        refund, replayed = begun
        answers: list[Answer] = []

        async def keep_refund(connection: Connection, ended: Refund) -> None:
            answers.append(await keep(connection, request, Answer(_CREATED, render(ended))))

        try:
            await self._refunding.drive(refund, keep_refund)
        except LedgerAway:
            return Answer(_ACCEPTED, render(refund), replayed)
        return msgspec.structs.replace(answers[-1], replayed=replayed)

    async def _begin_step(
        self, request: RequestKey, request_id: str, payment_id: UUID, asked: Asked
    ) -> tuple[Step, bool] | Answer:
        """Return the step under the key, and whether it was there before; or what the key was answered with."""
        async with self._database.transaction() as connection:
            found = await begin(connection, request, new_id)
            if isinstance(found, Stored):
                return replay(found)
            known = await steps.read(connection, found.resource_id)
            if known is not None:
                return known, True
            try:
                return await self._stepping.begin(connection, payment_id, found.resource_id, asked), False
            except Problem as problem:
                return await keep_refusal(connection, request, problem, request_id)

    async def _begin_refund(
        self, request: RequestKey, request_id: str, payment_id: UUID, wanted: Wanted
    ) -> tuple[Refund, bool] | Answer:
        """Return the refund under the key, and whether it was there before; or what the key was answered with."""
        async with self._database.transaction() as connection:
            found = await begin(connection, request, new_id)
            if isinstance(found, Stored):
                return replay(found)
            known = await refunds.read(connection, found.resource_id)
            if known is not None:
                return known, True
            try:
                return await self._refunding.begin(connection, payment_id, found.resource_id, wanted), False
            except Problem as problem:
                return await keep_refusal(connection, request, problem, request_id)


def _step_answer(ended: Step, payment: Payment, render: Callable[[Payment], bytes], request_id: str) -> Answer:
    if ended.status == "done":
        return Answer(_OK, render(payment))
    return problem_answer(Problem.conflict(f"The ledger refused: {ended.code}."), request_id)
