"""Refunds: reserved, asked of the ledger, and written as it answered."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import msgspec

from waqiti.contracts import refusals
from waqiti.contracts.ledger import LedgerClient, TransferResult
from waqiti.contracts.payment import PAYMENT_RESULTS
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.events import EventWriter
from waqiti.services.payment.domain import refunds as rules
from waqiti.services.payment.domain.payments import Payment
from waqiti.services.payment.domain.refunds import Refund
from waqiti.services.payment.domain.steps import refusal_code
from waqiti.services.payment.store import payments, refunds, states
from waqiti.services.payment.usecases import events
from waqiti.services.payment.usecases.deciding import ask_ledger
from waqiti.services.payment.usecases.stepping import locked

Keep = Callable[[Connection, Refund], Awaitable[None]]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a client wants back; ``amount`` None is all that is left."""

    amount: int | None
    refund_fee: bool
    reason: str | None
    actor: str


async def _keep_nothing(_connection: Connection, _refund: Refund) -> None:
    return


class Refunding:
    """Gives money back."""

    def __init__(self, database: Database, writer: EventWriter, ledger: LedgerClient) -> None:
        self._database = database
        self._writer = writer
        self._ledger = ledger

    async def begin(self, connection: Connection, payment_id: UUID, refund_id: UUID, wanted: Wanted) -> Refund:
        """Reserve what is to be given back, in the caller's transaction and before the ledger is asked.

        Raises:
            Problem: 404 where there is no such payment; 409 ``conflict`` where that much is not left.
        """
        payment = await locked(connection, payment_id)
        refund = rules.reserve(
            payment,
            refund_id,
            wanted.amount,
            refund_fee=wanted.refund_fee,
            reason=wanted.reason,
            actor=wanted.actor,
            now=utc_now(),
        )
        await refunds.insert(connection, refund)
        await states.write(connection, payment_id, rules.reserved(payment.state, refund))
        return refund

    async def drive(self, refund: Refund, keep: Keep = _keep_nothing) -> Refund:
        """Ask the ledger, write its answer, and return the refund as it ended.

        Raises:
            LedgerAway: no answer; the refund stays pending and is driven again.
        """
        async with self._database.connection() as connection:
            (payment,) = await payments.read(connection, [refund.payment_id])
        (results,) = await ask_ledger(self._ledger, [rules.transfers(payment.facts, payment.state, refund)])
        return await self._finish(_ended(refund, results), keep)

    async def _finish(self, ended: Refund, keep: Keep) -> Refund:
        async with self._database.transaction() as connection:
            payment = await locked(connection, ended.payment_id)
            if not await refunds.finish(connection, ended):
                stored = await refunds.read(connection, ended.id)
                assert stored is not None
                await keep(connection, stored)
                return stored
            if ended.status == "failed":
                await states.write(connection, ended.payment_id, rules.released(payment.state, ended))
                await keep(connection, ended)
                return ended
            await self._write_success(connection, payment, ended, keep)
        self._writer.hint((PAYMENT_RESULTS,))
        return ended

    async def _write_success(self, connection: Connection, payment: Payment, ended: Refund, keep: Keep) -> None:
        state = msgspec.structs.replace(rules.succeeded(payment.state, ended), updated_at=utc_now())
        await states.write(connection, ended.payment_id, state)
        await keep(connection, ended)
        after = Payment(payment.facts, state)
        event = events.changed(after, payment.state.status, ended.actor, "refund")
        await self._writer.append(connection, [event])


def _ended(refund: Refund, results: Sequence[TransferResult]) -> Refund:
    if results[-1].outcome == "posted":
        return msgspec.structs.replace(refund, status="succeeded")
    code = refusals.shown(refusal_code(results))
    return msgspec.structs.replace(refund, status="failed", failure_code=code)
