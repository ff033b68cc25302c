"""Lists: ``?limit=`` and an opaque ``?cursor=``, newest first."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from waqiti.foundation.errors import Problem

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR_BYTES: Final = 24

LimitParameter = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Items a page, 1 to 100.")]
CursorParameter = Annotated[str | None, QueryParameter(description="The next_cursor of the page before.")]


class Position(msgspec.Struct, frozen=True):
    """The last item of a page: the next page holds what is older than (time, id)."""

    at: datetime
    id: UUID


def write_cursor(at: datetime, identifier: UUID) -> str:
    """Return the opaque cursor that continues after an item; microseconds are kept."""
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(microseconds.to_bytes(8, "big") + identifier.bytes).decode()


def read_cursor(cursor: str | None) -> Position | None:
    """Read what ``write_cursor`` wrote; None is the first page.

    Raises:
        Problem: 422 ``invalid_request`` where it is anything else.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        if len(raw) != _CURSOR_BYTES:
            raise ValueError
        at = _EPOCH + timedelta(microseconds=int.from_bytes(raw[:8], "big"))
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Problem.invalid("The cursor cannot be read.", pointer="?cursor") from error
    return Position(at, UUID(bytes=raw[8:]))
