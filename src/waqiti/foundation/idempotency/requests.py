"""Keys, what is kept under them, and the statements."""

import hashlib
from collections.abc import Callable
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.foundation.errors import Problem

RETENTION_DAYS: Final = 7

_encode: Final = msgspec.json.Encoder(order="sorted").encode
NEVER_STORED: Final = frozenset({401, 429})
FIRST_SERVER_ERROR: Final = 500


class RequestKey(msgspec.Struct, frozen=True):
    """Names a request: ``scope`` is the sha256 of API key id, method and path, ``body_hash`` is ``canonical_hash``."""

    scope: bytes
    key: str
    body_hash: bytes

    @property
    def lock(self) -> int:
        """The 64-bit number of this key's advisory lock."""
        return int.from_bytes(hashlib.sha256(self.scope + self.key.encode()).digest()[:8], "big", signed=True)


class Fresh(msgspec.Struct, frozen=True):
    """The key is new; ``resource_id`` was minted and is kept with it."""

    resource_id: UUID


class Resumed(msgspec.Struct, frozen=True):
    """An earlier attempt left no answer; its ``resource_id`` is used again."""

    resource_id: UUID


class Stored(msgspec.Struct, frozen=True):
    """The request was answered before, with this."""

    status: int
    body: bytes


Outcome: TypeAlias = Fresh | Resumed | Stored


def canonical_hash(parsed: object) -> bytes:
    """Return the sha256 of a parsed body as canonical JSON: names sorted, no white space."""
    return hashlib.sha256(_encode(parsed)).digest()


_BEGIN: Final = """
SELECT in_flight, fresh, same_body, resource_id, status, body FROM begin_request($1, $2, $3, $4, $5)
"""


async def begin(connection: Connection, request: RequestKey, mint: Callable[[], UUID]) -> Outcome:
    """Lock the key until the transaction ends, and keep it with an id or find what is kept.

    Raises:
        Problem: 409 ``idempotency_in_flight`` while another transaction holds the key; 422
            ``idempotency_key_reused`` where it is kept with another body.
    """
    row = await connection.fetchrow(_BEGIN, request.lock, request.scope, request.key, request.body_hash, mint())
    assert row is not None
    if row["in_flight"]:
        raise Problem(409, "idempotency_in_flight", "A request with this Idempotency-Key is running.", retryable=True)
    if not row["same_body"]:
        raise Problem(422, "idempotency_key_reused", "This Idempotency-Key was used with another body.")
    if row["status"] is not None:
        return Stored(row["status"], row["body"])
    return Fresh(row["resource_id"]) if row["fresh"] else Resumed(row["resource_id"])


_IS_ANSWERED: Final = "SELECT FROM idempotency WHERE scope_hash = $1 AND key = $2 AND status IS NOT NULL"


async def is_answered(connection: Connection, request: RequestKey) -> bool:
    """Tell whether an answer is stored under the key, so that the request would be a replay."""
    return await connection.fetchrow(_IS_ANSWERED, request.scope, request.key) is not None


_FINISH: Final = """
UPDATE idempotency SET status = coalesce(status, $3), body = coalesce(body, $4)
WHERE scope_hash = $1 AND key = $2
RETURNING status, body
"""


async def finish(connection: Connection, request: RequestKey, status: int, body: bytes) -> Stored:
    """Store the answer in the transaction of the effect; return the one that counts, which is the first stored.

    401, 429 and server errors are never stored, nor may a caller store a failed validation: raise them instead.
    """
    assert status not in NEVER_STORED
    assert status < FIRST_SERVER_ERROR
    row = await connection.fetchrow(_FINISH, request.scope, request.key, status, body)
    assert row is not None, "begin() comes first"
    return Stored(row["status"], row["body"])


_SWEEP: Final = """
DELETE FROM idempotency
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency WHERE created_at < now() - make_interval(days => $1) LIMIT $2
))
"""


async def sweep(connection: Connection, limit: int) -> int:
    """Forget up to ``limit`` requests that are older than 7 days; return how many were forgotten."""
    done = await connection.execute(_SWEEP, RETENTION_DAYS, limit)
    return int(done.removeprefix("DELETE "))
