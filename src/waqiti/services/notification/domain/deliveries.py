"""Deliveries: when an attempt is made again, and when a delivery has ended."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.webhooks import Delivery, DeliveryAttempt, DeliveryStatus
from waqiti.foundation.ids import encode
from waqiti.services.notification.domain.events import EventRow

PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""After the first attempt, the second, ...; the ninth is the last."""

LONGEST_ASKED: Final = timedelta(hours=1)
"""However long a receiver asks to wait by ``Retry-After``."""

ATTEMPT_SECONDS: Final = 15.0
"""What one attempt may take."""

LEASE: Final = timedelta(seconds=20)
"""Above the longest attempt, and what it takes to write down what came of it."""
assert timedelta(seconds=ATTEMPT_SECONDS) < LEASE

UNREADABLE_PAUSE: Final = timedelta(seconds=30)
"""How long a delivery waits whose secret our own key does not open."""

MAX_RUNNING: Final = 32
MAX_RUNNING_PER_ENDPOINT: Final = 4

TROUBLED_AFTER: Final = 5
"""Failures in a row after which an endpoint is only tried, one delivery at a time, until one arrives."""

_LONGEST_REST: Final = timedelta(minutes=1)

EVENT_FORGOTTEN: Final = "event_forgotten"
INTERNAL: Final = "internal"
_JITTER: Final = 0.2
_OK: Final = range(200, 300)
_GONE: Final = 410


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it is stored, with its attempts."""

    id: UUID
    event_id: UUID
    endpoint_id: UUID
    event_type: str
    created_at: datetime
    next_at: datetime | None
    status: DeliveryStatus
    attempts: list[DeliveryAttempt]


class DueDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that somebody has leased; ``event`` is None where it was forgotten meanwhile."""

    id: UUID
    endpoint_id: UUID
    lease: UUID
    attempts: int
    event: EventRow | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt: a status code with the beginning of the body, or the code of an error."""

    took_ms: int
    status_code: int | None = None
    error: str | None = None
    text: str | None = None
    retry_after_seconds: float | None = None


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from an attempt: the delivery's status, ``pause`` before the next one, and whether nobody is there
    any more.
    """

    status: DeliveryStatus
    pause: timedelta | None = None
    gone: bool = False


def ending(answer: Answer, attempts_before: int, chance: float) -> Ending:
    """Decide what follows from an attempt; ``chance``, 0..1, spreads retries by a fifth to either side."""
    if answer.status_code in _OK:
        return Ending(status="delivered")
    gone = answer.status_code == _GONE
    if gone or answer.error == EVENT_FORGOTTEN or attempts_before >= len(PAUSES):
        return Ending(status="failed", gone=gone)
    pause = PAUSES[attempts_before] * (1 - _JITTER + 2 * _JITTER * chance)
    asked = timedelta(seconds=min(answer.retry_after_seconds or 0.0, LONGEST_ASKED.total_seconds()))
    return Ending(status="pending", pause=max(pause, asked))


def room_per_endpoint(endpoints: int) -> int:
    """Return how many deliveries to one endpoint may run at once: however slow some are, each has a place."""
    return max(1, min(MAX_RUNNING_PER_ENDPOINT, MAX_RUNNING // max(endpoints, 1)))


def rest_of(failures: int) -> timedelta:
    """Return how long an endpoint is left alone after so many failures in a row: from the fifth on 1 s, 2 s, ... 1 min.

    What is due waits meanwhile, and uses up none of its attempts on somebody who is not there.
    """
    if failures < TROUBLED_AFTER:
        return timedelta()
    return min(timedelta(seconds=1 << min(failures - TROUBLED_AFTER, 10)), _LONGEST_REST)


def shown(row: DeliveryRow) -> Delivery:
    """Return a delivery as the API shows it."""
    return Delivery(
        id=encode(prefixes.DELIVERY, row.id),
        endpoint_id=encode(prefixes.WEBHOOK_ENDPOINT, row.endpoint_id),
        event_id=encode(prefixes.EVENT, row.event_id),
        event_type=row.event_type,
        status=row.status,
        next_attempt_at=row.next_at,
        attempts=row.attempts,
        created_at=row.created_at,
    )
