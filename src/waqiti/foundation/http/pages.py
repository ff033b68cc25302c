"""Lists: ``?limit=`` and an opaque ``?cursor=``, newest first."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from waqiti.foundation.errors import Problem

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POSITION_BYTES: Final = 24
_LIST_BYTES: Final = 6

LimitParameter = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Items a page, 1 to 100.")]
CursorParameter = Annotated[str | None, QueryParameter(description="The next_cursor of the page before.")]


class Position(msgspec.Struct, frozen=True):
    """The last item of a page: the next page holds what is older than (time, id)."""

    at: datetime
    id: UUID


def write_cursor(at: datetime, identifier: UUID, *, of: str) -> str:
    """Return the opaque cursor that continues the list named ``of`` after an item; microseconds are kept."""
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(microseconds.to_bytes(8, "big") + identifier.bytes + _mark(of)).decode()


def read_cursor(cursor: str | None, *, of: str) -> Position | None:
    """Read what ``write_cursor`` wrote for this list; None is the first page.

    Raises:
        Problem: 422 ``invalid_request`` where it is anything else, the cursor of another list included.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        if len(raw) != _POSITION_BYTES + _LIST_BYTES or raw[_POSITION_BYTES:] != _mark(of):
            raise ValueError
        at = _EPOCH + timedelta(microseconds=int.from_bytes(raw[:8], "big"))
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Problem.invalid("The cursor cannot be read.", pointer="?cursor") from error
    return Position(at, UUID(bytes=raw[8:_POSITION_BYTES]))


def _mark(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:_LIST_BYTES]
