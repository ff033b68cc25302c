"""The way out: one POST, with deadlines and bounds, to an address that is checked as the connection is made."""

import errno
import ipaddress
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Self

import aiohttp

import waqiti
from waqiti.foundation.clock import utc_now
from waqiti.services.notification.domain.deliveries import ATTEMPT_SECONDS, MAX_RUNNING, Answer
from waqiti.services.notification.domain.endpoints import may_connect

CONNECT_SECONDS: Final = 3.0
_IDLE_SECONDS: Final = 20.0
_MOST_READ: Final = 64 * 1024
_KEPT: Final = 1024
_HEADERS: Final = {
    "content-type": "application/json",
    "user-agent": f"waqiti-webhooks/{waqiti.__version__}",
    "accept-encoding": "identity",
}
_REDIRECTS: Final = range(300, 400)
_REFUSED: Final = errno.EACCES
_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorDNSError, "name_not_found"),
    (aiohttp.ClientSSLError, "tls_failed"),
    (aiohttp.InvalidURL, "address_unreadable"),
    (aiohttp.ClientConnectionError, "connection_failed"),
    (OSError, "connection_failed"),
)

_AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]


class Sender:
    """Sends; used as ``async with``. Redirects are answers, cookies and proxies are none of its business."""

    def __init__(self, *, private_targets: bool, total_seconds: float = ATTEMPT_SECONDS) -> None:
        self._private_targets = private_targets
        self._timeout = aiohttp.ClientTimeout(total=total_seconds, sock_connect=min(CONNECT_SECONDS, total_seconds))
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=MAX_RUNNING, keepalive_timeout=_IDLE_SECONDS, socket_factory=self._checked_socket
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            headers=_HEADERS,
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST ``body``; what goes wrong is an answer with ``error``."""
        assert self._session is not None, "used as async with"
        began = time.monotonic()
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as reply:
                status, after = reply.status, _seconds(reply.headers.get("retry-after"))
                text = await _beginning(reply)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Answer(took_ms=_since(began), error=error_code(error))
        return Answer(
            took_ms=_since(began),
            status_code=status,
            error="redirect" if status in _REDIRECTS else None,
            text=text,
            retry_after_seconds=after,
        )

    def _checked_socket(self, info: _AddressInfo) -> socket.socket:
        """Open the socket of a connection, unless its address is none for webhooks: whatever the name said before."""
        family, kind, protocol, _, target = info
        # A scope, as in fe80::1%eth0, names an interface and is no part of the address.
        address = ipaddress.ip_address(str(target[0]).partition("%")[0])
        if not may_connect(address, private_targets=self._private_targets):
            raise PermissionError(_REFUSED, "no address for webhooks")
        return socket.socket(family, kind, protocol)


def error_code(error: Exception) -> str:
    """Name what went wrong by a stable code."""
    if isinstance(error, OSError) and error.errno == _REFUSED:
        return "target_refused"
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), "unreadable_answer")


async def _beginning(reply: aiohttp.ClientResponse) -> str:
    """Read the answer up to 64 KiB, a longer one is cut off; return its first 1 KiB as text that can be stored.

    The status has been said: a body that ends badly changes nothing.
    """
    read, kept = 0, b""
    with suppress(aiohttp.ClientError, TimeoutError):
        async for part in reply.content.iter_any():
            read += len(part)
            kept += part[: _KEPT - len(kept)]
            if read > _MOST_READ:
                reply.close()
                break
    return kept.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _seconds(header: str | None) -> float | None:
    """Read ``Retry-After`` (RFC 9110, section 10.2.3): seconds, or a date."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        at = parsedate_to_datetime(header)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - utc_now()).total_seconds())
    except (ValueError, OverflowError):
        return None


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
