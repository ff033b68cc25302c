"""Ids rise with time: a UUIDv7 tells when it was minted, and an instant bounds the ids minted before it."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from waqiti.foundation.ids import LAST_ID, NO_ID, first_id

__all__ = ["LAST_ID", "NO_ID", "first_id", "id_before", "minted_at"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RANDOM_BITS: Final = 80


def minted_at(identifier: UUID) -> datetime:
    """Return when a UUIDv7 was minted, to the millisecond."""
    return _EPOCH + (identifier.int >> _RANDOM_BITS) * _MILLISECOND


def id_before(identifier: UUID) -> UUID:
    """Return the id just below ``identifier``."""
    return UUID(int=identifier.int - 1)
