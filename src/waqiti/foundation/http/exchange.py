"""A request as it came in, checked; an answer as it goes out; and the route of a hot path between them."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import msgspec

from waqiti.foundation.errors import Problem
from waqiti.foundation.http.query import Known
from waqiti.foundation.http.strict import JsonObject
from waqiti.foundation.security import ANONYMOUS, Principal
from waqiti.foundation.telemetry import Trace

if TYPE_CHECKING:
    from waqiti.foundation.idempotency import RequestKey

Headers = list[tuple[bytes, bytes]]

MIB: Final = 1024 * 1024
DEFAULT_MAX_BODY_BYTES: Final = MIB
JSON_TYPE: Final = b"application/json"
_MAX_KEY_CHARACTERS: Final = 255
_KEYED: Final = "/v1/"


class Incoming:
    """A request that passed the edge: its body is complete, within bounds and (``json``) strictly parsed."""

    __slots__ = (
        "_found",
        "body",
        "headers",
        "held_bytes",
        "is_judged",
        "json",
        "method",
        "path",
        "principal",
        "query_string",
        "raw_path",
        "refused_by",
        "trace",
        "unread",
    )

    def __init__(self, *, method: str, path: str, raw_path: bytes, query_string: bytes, headers: Headers) -> None:
        self.method = method
        self.path = path
        self.raw_path = raw_path
        self.query_string = query_string
        self.headers = headers
        self._found = dict(headers)
        self.body = b""
        self.held_bytes = 0
        self.is_judged = False
        self.json: JsonObject | None = None
        self.principal = ANONYMOUS
        self.refused_by: str | None = None
        """The code of the mode that refused it."""
        self.unread = False
        self.trace: Trace

    @property
    def request_id(self) -> str:
        """The id that the answer carries as ``X-Request-Id``."""
        return self.trace.request_id

    @property
    def repeats(self) -> bool:
        """Say whether a header came more than once."""
        return len(self._found) != len(self.headers)

    def header(self, name: bytes) -> bytes | None:
        """Return the (last) value of a header; ``name`` is lower case."""
        return self._found.get(name)

    def idempotency_key(self) -> str:
        """Return the ``Idempotency-Key``.

        Raises:
            Problem: 400 ``idempotency_key_required``; 422 where it is not one of 1 to 255 printable characters.
        """
        header = self._found.get(b"idempotency-key")
        if header is None:
            raise Problem(400, "idempotency_key_required", "This request needs an Idempotency-Key header.")
        if self.repeats and sum(name == b"idempotency-key" for name, _ in self.headers) > 1:
            raise Problem.invalid("There must be one Idempotency-Key.")
        key = header.decode("latin-1").strip()
        if not 1 <= len(key) <= _MAX_KEY_CHARACTERS or not (key.isascii() and key.isprintable()):
            raise Problem.invalid("Idempotency-Key must be 1 to 255 printable ASCII characters.")
        return key

    @property
    def needs_idempotency_key(self) -> bool:
        """Say whether this is a POST under ``/v1``: each of them needs a key."""
        return self.method == "POST" and self.path.startswith(_KEYED)

    def request_key(self) -> "RequestKey":
        """Return the idempotency key in its scope (API key, method, path), with the hash of the body.

        Raises:
            Problem: as ``idempotency_key``.
        """
        # Imported here: a service without a database, such as the gateway, never loads its driver.
        from waqiti.foundation.idempotency import RequestKey, canonical_hash

        scope = f"{self.principal.key_id}\n{self.method}\n{self.path}".encode()
        return RequestKey(hashlib.sha256(scope).digest(), self.idempotency_key(), canonical_hash(self.json))


class Outgoing(msgspec.Struct, frozen=True):
    """An answer: ``headers`` beside content-type and content-length, names in lower case."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = JSON_TYPE


Handler = Callable[[Incoming], Awaitable[Outgoing]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What the API document says of a raw route: its body, its answers by status, a sentence, and whether it waits as
    ``Prefer`` asks.
    """

    summary: str
    replies: dict[int, object]
    body: object | None = None
    operation_id: str | None = None
    waits: bool = False


class RawRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A hot path without the framework; bounds, authentication, problems and metrics stay.

    ``path`` is exact, or with ``/*`` at its end everything below; ``method`` "*" is any. ``template`` names it in
    metrics. ``strict_json`` False leaves the body unread (a forwarder, or an internal route that decodes by itself).
    ``open`` lets anybody in; then ``principal`` is anonymous. ``services``: the deployments that may call. ``query``:
    what a query may hold; None leaves it unread.
    """

    method: str
    path: str
    handler: Handler
    template: str | None = None
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    strict_json: bool = True
    open: bool = False
    services: frozenset[str] = frozenset()
    query: Known | None = None
    operation: Operation | None = None


def require_service(principal: Principal, services: frozenset[str]) -> None:
    """Raise 403 ``forbidden`` where ``services`` is not empty and the caller is none of them."""
    if services and principal.service not in services:
        raise Problem(403, "forbidden", "This internal route is for other deployments.")
