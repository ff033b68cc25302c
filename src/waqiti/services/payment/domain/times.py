"""Ids rise with time: a UUIDv7 tells when it was minted, and an instant bounds the ids minted before it."""

from uuid import UUID

from waqiti.foundation.ids import LAST_ID, NO_ID, first_id, minted_at

__all__ = ["LAST_ID", "NO_ID", "first_id", "id_before", "minted_at"]


def id_before(identifier: UUID) -> UUID:
    """Return the id just below ``identifier``."""
    return UUID(int=identifier.int - 1)
