"""Moving payments on that stand still, because an operator wants it now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from waqiti.contracts.payment import PAYMENT_EVENTS, WAITING, RedriveAction, Status
from waqiti.foundation.database import Database
from waqiti.foundation.events import EventWriter
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.store import parked, payments, queue, states
from waqiti.services.payment.usecases import events

_log = logger(__name__)


class Moved(msgspec.Struct, frozen=True):
    """What was done about a payment, and the status that it had."""

    payment_id: UUID
    action: RedriveAction
    status: Status | None


class Redriving:
    """Nothing is decided here: payments are queued again, or due again, and the worker asks everybody once more.

    Each of those answers again what it answered first, so that doing this twice, or while the payment is being decided,
    moves money once.
    """

    def __init__(self, database: Database, writer: EventWriter) -> None:
        self._database = database
        self._writer = writer

    async def redrive(self, ids: Sequence[UUID], actor: str, now: datetime) -> list[Moved]:
        """Move payments on that wait; return what was done about each, in the order of ``ids``.

        Raises:
            DependencyUnavailable: the database is away, or a payment stayed locked; nothing was done.
        """
        wanted = sorted(set(ids))
        async with self._database.transaction() as connection:
            statuses = await states.lock_statuses(connection, wanted)
            waiting = [one for one in wanted if statuses.get(one) in WAITING]
            retried = await parked.retry_now(connection, waiting, now)
            in_line = await queue.in_line(connection, waiting)
            requeued = [one for one in waiting if one not in retried | in_line]
            found = await payments.read(connection, requeued)
            await self._writer.append(
                connection, [events.created(one.facts, event_type=events.REQUEUED) for one in found]
            )
        if requeued:
            self._writer.hint((PAYMENT_EVENTS,))
        done: dict[UUID, RedriveAction] = {
            **dict.fromkeys(in_line, "in_line"),
            **dict.fromkeys(retried, "retried"),
            **dict.fromkeys(requeued, "requeued"),
        }
        moved = [_moved(one, done, statuses) for one in dict.fromkeys(ids)]
        for one in moved:
            _log.warning("payment_redriven", payment_id=str(one.payment_id), action=one.action, actor=actor)
        return moved


def _moved(payment: UUID, done: Mapping[UUID, RedriveAction], statuses: Mapping[UUID, Status]) -> Moved:
    status = statuses.get(payment)
    return Moved(payment, done.get(payment, "unknown" if status is None else "not_waiting"), status)
