"""Ids rise with time: a UUIDv7 tells when it was minted, and an instant bounds the ids minted before it."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RANDOM_BITS: Final = 80
_MAX_MILLISECONDS: Final = (1 << 48) - 1

NO_ID: Final = UUID(int=0)
LAST_ID: Final = UUID(int=(1 << 128) - 1)


def minted_at(identifier: UUID) -> datetime:
    """Return when a UUIDv7 was minted, to the millisecond."""
    return _EPOCH + (identifier.int >> _RANDOM_BITS) * _MILLISECOND


def first_id(at: datetime, later: timedelta = timedelta()) -> UUID:
    """Return the least id that can be minted in the millisecond of ``at``, or so much ``later``."""
    milliseconds = (at - _EPOCH + later) // _MILLISECOND
    return UUID(int=min(max(milliseconds, 0), _MAX_MILLISECONDS) << _RANDOM_BITS)


def id_before(identifier: UUID) -> UUID:
    """Return the id just below ``identifier``."""
    return UUID(int=identifier.int - 1)
