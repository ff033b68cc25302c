"""The sandbox rail: a bank of our own with books of its own, committed by themselves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import encode
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.movements import Kind
from waqiti.services.wallet.domain.rails import RailNotice, RailOrder, RailReport, RailSilenceError, RailState
from waqiti.services.wallet.domain.sandbox import Behaviour, behaviour_of
from waqiti.services.wallet.store.sandbox_rail import BankOrder

NAME: Final = "sandbox"
_REFERENCE_PREFIX: Final = "sbx"
_DUPLICATE_AFTER: Final = timedelta(milliseconds=100)


class SandboxRail:
    """Takes an order once under its id, and delays, loses, doubles, fails or returns where its reference asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self, kind: Kind, reference: str | None) -> None:
        """Refuse directives that it does not know, and the return of a deposit."""
        if behaviour_of(reference).returns_after is not None and kind == "deposit":
            raise Problem.invalid("The sandbox rail returns withdrawals only.", pointer="/reference")

    async def submit(self, order: RailOrder) -> RailReport:
        """Book an order, or report on it where it is booked already."""
        now = utc_now()
        behaviour = behaviour_of(order.reference)
        booking = _booking(order, behaviour, now)
        async with self._database.transaction() as connection:
            if await store.sandbox_rail.book(connection, booking):
                await store.sandbox_rail.add_notices(connection, order.id, _news(booking, behaviour))
                fresh = True
            else:
                fresh = False
        if fresh and behaviour.loses_answer:
            raise RailSilenceError
        report = await self.query(order.id)
        assert report is not None
        return report

    async def query(self, order_id: UUID) -> RailReport | None:
        """Report on an order."""
        async with self._database.connection() as connection:
            booked = await store.sandbox_rail.find(connection, order_id)
        return RailReport(booked.reference, _state(booked, utc_now())) if booked is not None else None

    async def notices(self, limit: int) -> Sequence[RailNotice]:
        """List news that is due."""
        async with self._database.connection() as connection:
            return await store.sandbox_rail.due_notices(connection, utc_now(), limit)

    async def acknowledge(self, notice_ids: Sequence[int]) -> None:
        """Forget news."""
        async with self._database.connection() as connection:
            await store.sandbox_rail.take_notices(connection, notice_ids)


def _booking(order: RailOrder, behaviour: Behaviour, now: datetime) -> BankOrder:
    settles_at = now + behaviour.settles_after
    return BankOrder(
        id=order.id,
        kind=order.kind,
        amount=order.amount,
        currency=order.currency,
        reference=encode(_REFERENCE_PREFIX, order.id),
        booked_at=now,
        settles_at=settles_at,
        fails=behaviour.fails,
        returns_at=None if behaviour.returns_after is None else settles_at + behaviour.returns_after,
    )


def _news(booking: BankOrder, behaviour: Behaviour) -> list[datetime]:
    """Return when there is news: of what the answer does not say yet, and all of it twice where asked."""
    news = [booking.settles_at] if behaviour.settles_after else []
    if booking.returns_at is not None:
        news.append(booking.returns_at)
    if behaviour.duplicates:
        news += [at + _DUPLICATE_AFTER for at in [booking.settles_at, *news]]
    return news


def _state(booked: BankOrder, now: datetime) -> RailState:
    if now < booked.settles_at:
        return "accepted"
    if booked.fails:
        return "failed"
    returned = booked.returns_at is not None and booked.returns_at <= now
    return "returned" if returned else "settled"
