"""Webhook endpoints: what they want, and which addresses may be one."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.webhooks import EndpointStatus, WebhookEndpoint
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import encode
from waqiti.services.notification.domain.events import ALL

FAILING_FOR: Final = timedelta(days=3)
STREAK_ENDS_AFTER: Final = timedelta(days=1)
"""Failures further apart than this, which is more than the longest pause, are not one streak."""

MAX_ENDPOINTS: Final = 20
MAX_URL_CHARACTERS: Final = 2_000

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def _networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


_PRIVATE: Final = _networks(
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7"
)
# Where clouds answer with credentials outside the link-local ranges.
_METADATA: Final = _networks("100.100.100.200/32", "192.0.0.0/24", "fd00:ec2::254/128", "fd20:ce::254/128")
# IPv4-mapped addresses (RFC 4291) and the well-known NAT64 prefix (RFC 6052): the last 32 bits are an IPv4 address.
_EMBEDDING: Final = _networks("::ffff:0:0/96", "64:ff9b::/96")
# What else leads elsewhere than it says is outside of global unicast, as 64:ff9b:1::/48, ::/96 and fec0::/10, or a
# tunnel to an IPv4 address that it names: Teredo and 6to4.
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_TUNNELS: Final = _networks("2001::/32", "2002::/16")
# Some take 127.1 and 0x7f.1 for addresses: a name does not end like a number (URL Standard, "ends in a number").
_NUMBER: Final = re.compile(r"\d+|0[xX][0-9a-fA-F]*")
_POINTER: Final = "/url"


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as it is stored; secrets are sealed."""

    id: UUID
    created_at: datetime
    url: str
    description: str | None
    events: list[str]
    status: EndpointStatus
    disabled_reason: str | None
    secret: bytes
    former_secret: bytes | None
    former_until: datetime | None


class Streak(msgspec.Struct, frozen=True):
    """Failures of an enabled endpoint without a success between: since when, and when the last one was; ``now`` is the
    database's time.
    """

    since: datetime | None
    last: datetime | None
    now: datetime


class Failing(msgspec.Struct, frozen=True):
    """What a failure makes of an endpoint: since when it fails, and why it is disabled, where it is."""

    since: datetime
    disabled_reason: Literal["gone", "failing"] | None


def failed(streak: Streak, *, gone: bool) -> Failing:
    """Begin or go on with a streak, and decide whether it ends the endpoint.

    ``gone``: it said that it will not be back. ``failing``: nothing has arrived for three days.
    """
    goes_on = streak.since is not None and streak.last is not None and streak.last > streak.now - STREAK_ENDS_AFTER
    since = streak.since if goes_on and streak.since is not None else streak.now
    if gone:
        return Failing(since, "gone")
    return Failing(since, "failing" if since < streak.now - FAILING_FOR else None)


def shown(row: EndpointRow) -> WebhookEndpoint:
    """Return an endpoint as the API shows it, without its secret."""
    return WebhookEndpoint(
        id=encode(prefixes.WEBHOOK_ENDPOINT, row.id),
        url=row.url,
        events=row.events,
        description=row.description,
        status=row.status,
        disabled_reason=row.disabled_reason,
        created_at=row.created_at,
    )


def wanted_types(events: Sequence[str]) -> list[str]:
    """Return what an endpoint asks for, each type once; all of them are ``["*"]``."""
    return [ALL] if ALL in events else list(dict.fromkeys(events))


def wants(events: Sequence[str], event_type: str) -> bool:
    """Tell whether an endpoint with these ``events`` is sent one of ``event_type``."""
    return event_type in events or ALL in events


def checked_url(url: str, *, private_targets: bool) -> str:
    """Return ``url`` where it may be an endpoint; a name is looked up, and its address checked, at every attempt.

    Raises:
        Problem: 422 ``invalid_request``.
    """
    parts = _parts(url)
    if parts.scheme not in {"http", "https"}:
        raise _wrong("A webhook endpoint is an http or https address.")
    if "@" in parts.netloc:
        raise _wrong("A webhook endpoint holds no user and no password.")
    host = parts.hostname
    if not host:
        raise _wrong("A webhook endpoint has a host.")
    if _NUMBER.fullmatch(host.rpartition(".")[2]) and _address(host) is None:
        raise _wrong("This is neither a name nor a whole address.")
    if parts.fragment:
        raise _wrong("A webhook endpoint has no fragment.")
    if not _may_be_reached(host, private_targets=private_targets):
        raise _wrong("A webhook endpoint is not on a private, local or reserved address.")
    return url


def may_connect(address: Address, *, private_targets: bool) -> bool:
    """Tell whether a webhook may be sent to an address: a global one or, where that is set, a private or loopback one.

    Link-local addresses and others where clouds keep credentials are never one, nor are IPv6 addresses that stand for
    an IPv4 address, but for the two kinds that are judged by it: IPv4-mapped ones and those of the NAT64 prefix.
    """
    inner = _inner(address)
    if inner.is_multicast or inner.is_link_local or _in_any(inner, _METADATA):
        return False
    return _is_global(inner) or (private_targets and _in_any(inner, _PRIVATE))


def _is_global(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address not in _GLOBAL_UNICAST or _in_any(address, _TUNNELS)):
        return False
    return address.is_global


def _in_any(address: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _parts(url: str) -> SplitResult:
    if not 1 <= len(url) <= MAX_URL_CHARACTERS or not url.isascii() or not url.isprintable() or {" ", "\\"} & set(url):
        raise _wrong(
            f"An address has 1 to {MAX_URL_CHARACTERS:,} printable ASCII characters, no space and no backslash."
        )
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        if parts.port == 0:
            raise _wrong("Port 0 is no address.")
    except ValueError as error:
        raise _wrong("This address cannot be read.") from error
    return parts


def _may_be_reached(host: str, *, private_targets: bool) -> bool:
    name = host.rstrip(".").lower()
    address = _address(name)
    if address is None:
        return private_targets or not (name == "localhost" or name.endswith(".localhost"))
    return may_connect(address, private_targets=private_targets)


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """Return the IPv4 address by which an IPv6 one is judged, where it is judged by one."""
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if _in_any(address, _EMBEDDING) else address


def _wrong(detail: str) -> Problem:
    return Problem.invalid(detail, pointer=_POINTER)
