"""Reading payments, their transitions and their refunds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.payment import PaymentState, Status
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import LAST_ID, NO_ID, first_id
from waqiti.services.payment.domain.payments import Payment
from waqiti.services.payment.domain.refunds import Refund
from waqiti.services.payment.store import payments, refunds, transitions
from waqiti.services.payment.store.payments import Filter
from waqiti.services.payment.store.transitions import Transition

_MINTED_WITHIN: Final = timedelta(seconds=1)
"""A payment's id is minted within this time before or after its ``created_at``."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments to list; ``before`` is the last one seen."""

    wallet: UUID | None = None
    status: Status | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    before: UUID | None = None


class Listed(msgspec.Struct, frozen=True):
    """A page, newest first; ``next_before`` is where the next one goes on, None at the end."""

    payments: list[Payment]
    next_before: UUID | None


class Reading:
    """Reads; each call one connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def payment(self, payment_id: UUID) -> Payment:
        """Read a payment.

        Raises:
            Problem: 404 ``not_found``.
        """
        async with self._database.connection() as connection:
            found = await payments.read(connection, [payment_id])
        if not found:
            raise Problem.not_found("There is no such payment.")
        return found[0]

    async def find(self, wanted: Wanted, limit: int) -> Listed:
        """List payments; a page may be short although more follow, where a rare status is looked for."""
        async with self._database.connection() as connection:
            found = await payments.find(connection, _filter(wanted), limit + 1)
            page = found.ids[:limit]
            listed = await payments.read(connection, page) if page else []
        listed.reverse()
        return Listed(listed, page[-1] if len(found.ids) > limit else found.scanned_to)

    async def transitions(
        self, payment_id: UUID, before: tuple[datetime, int] | None, limit: int
    ) -> tuple[list[Transition], bool]:
        """List transitions, newest first, and tell whether more follow.

        Raises:
            Problem: 404 ``not_found`` where there is no such payment.
        """
        async with self._database.connection() as connection:
            if not await payments.states(connection, [payment_id]):
                raise Problem.not_found("There is no such payment.")
            found = await transitions.read(connection, payment_id, before, limit + 1)
        return found[:limit], len(found) > limit

    async def refund(self, refund_id: UUID) -> Refund:
        """Read a refund.

        Raises:
            Problem: 404 ``not_found``.
        """
        async with self._database.connection() as connection:
            refund = await refunds.read(connection, refund_id)
        if refund is None:
            raise Problem.not_found("There is no such refund.")
        return refund

    async def states(self, ids: Sequence[UUID]) -> list[PaymentState]:
        """Return the statuses of payments; unknown ones are left out."""
        async with self._database.connection() as connection:
            return await payments.states(connection, ids)


def _filter(wanted: Wanted) -> Filter:
    after_id, before_id = NO_ID, LAST_ID
    if wanted.created_after is not None:
        after_id = first_id(wanted.created_after, -_MINTED_WITHIN)
    if wanted.created_before is not None:
        before_id = first_id(wanted.created_before, _MINTED_WITHIN)
    if wanted.before is not None:
        before_id = min(before_id, wanted.before)
    return Filter(
        wallet=wanted.wallet,
        status=wanted.status,
        created_after=wanted.created_after,
        created_before=wanted.created_before,
        after_id=after_id,
        before_id=before_id,
    )
