"""Prefixed, sortable identifiers.

An identifier is a UUIDv7 (RFC 9562). Databases hold it as ``uuid``; at the edge it is a prefix, an underscore and
26 characters of lower-case Crockford base32 (``pay_01jd...``), which sort as the UUIDs do.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import uuid_utils

from waqiti.foundation.errors import Problem

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
# To the digits that ``int`` reads in base 32; whatever else an id could hold becomes none.
_READ: Final = bytes(_DIGITS[_ALPHABET.index(c)].encode()[0] if (c := chr(b)) in _ALPHABET else 0 for b in range(256))
_LENGTH: Final = 26
_TIME_SHIFT: Final = 80
_VERSION_8: Final = 0x8 << 76
_VARIANT: Final = 0b10 << 62
_LOW_76: Final = (1 << 76) - 1
_LOW_62: Final = (1 << 62) - 1
_LOW_40: Final = (1 << 40) - 1
_LOW_30: Final = (1 << 30) - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MAX_MILLISECONDS: Final = (1 << 48) - 1

NO_ID: Final = UUID(int=0)
LAST_ID: Final = UUID(int=(1 << 128) - 1)


def new_id() -> UUID:
    """Mint a UUIDv7: 48 bits of milliseconds since 1970, then random bits."""
    return UUID(int=uuid_utils.uuid7().int)


def derived_id(parent: UUID, step: str) -> UUID:
    """Derive the id of one step of ``parent`` (a UUIDv7) as a UUIDv8.

    It keeps the 48 time bits of the parent, so that it sorts beside it, and fills the rest from
    ``sha256(parent bytes + step)``: the same parent and step always give the same id.
    """
    digest = int.from_bytes(hashlib.sha256(parent.bytes + step.encode()).digest()[:16], "big")
    time_bits = (parent.int >> _TIME_SHIFT) << _TIME_SHIFT
    middle = (digest & _LOW_76) >> 64 << 64
    return UUID(int=time_bits | _VERSION_8 | middle | _VARIANT | (digest & _LOW_62))


def minted_at(identifier: UUID) -> datetime:
    """Return when a UUIDv7 was minted, to the millisecond."""
    return _EPOCH + (identifier.int >> _TIME_SHIFT) * _MILLISECOND


def first_id(at: datetime, later: timedelta = timedelta()) -> UUID:
    """Return the least id that can be minted in the millisecond of ``at``, or so much ``later``."""
    milliseconds = (at - _EPOCH + later) // _MILLISECOND
    return UUID(int=min(max(milliseconds, 0), _MAX_MILLISECONDS) << _TIME_SHIFT)


def id_before(identifier: UUID) -> UUID:
    """Return the id just below ``identifier``."""
    return UUID(int=identifier.int - 1)


def siblings(identifier: UUID) -> tuple[UUID, UUID]:
    """Return the least and the greatest id with the time bits of ``identifier``: what is derived from it is between."""
    first = identifier.int >> _TIME_SHIFT << _TIME_SHIFT
    return UUID(int=first), UUID(int=first | ((1 << _TIME_SHIFT) - 1))


def encode(prefix: str, identifier: UUID) -> str:
    """Write ``identifier`` as ``prefix_`` and 26 characters of base32."""
    whole, p = identifier.int, _PAIRS
    # In three parts: shifting all 128 bits for each pair takes several times as long.
    head, middle, tail = whole >> 70, whole >> 30 & _LOW_40, whole & _LOW_30
    return (
        f"{prefix}_{p[head >> 50]}{p[head >> 40 & 1023]}{p[head >> 30 & 1023]}{p[head >> 20 & 1023]}"
        f"{p[head >> 10 & 1023]}{p[head & 1023]}{p[middle >> 30]}{p[middle >> 20 & 1023]}{p[middle >> 10 & 1023]}"
        f"{p[middle & 1023]}{p[tail >> 20]}{p[tail >> 10 & 1023]}{p[tail & 1023]}"
    )


def decode(prefix: str, text: str) -> UUID | None:
    """Read what ``encode`` wrote; None where ``text`` is anything else."""
    head, separator, tail = text.partition("_")
    if head != prefix or not separator or len(tail) != _LENGTH or tail[0] > "7":
        return None
    try:
        return UUID(int=int(tail.encode().translate(_READ), 32))
    except ValueError:
        return None


def parse(prefix: str, text: str, noun: str) -> UUID:
    """Read an identifier out of a path or body.

    Raises:
        Problem: 404 ``not_found`` where ``text`` cannot be the id of any ``noun``.
    """
    identifier = decode(prefix, text)
    if identifier is None:
        raise Problem.not_found(f"There is no {noun} {text[:64]!r}.")
    return identifier
