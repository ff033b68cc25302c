"""Who did what: append-only, each entry bound to the one before by its hash."""

import hashlib
import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from waqiti.foundation.clock import rfc3339

FIRST: Final = "0" * 64

_encode: Final = msgspec.json.Encoder(order="sorted").encode


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. ``hash`` is the sha256 of ``[seq, at, actor, action, subject, details, previous]`` as JSON."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    details: str
    previous: str
    hash: str


class AuditVerdict(msgspec.Struct, frozen=True):
    """What the chain proves; ``problems`` names entries that do not fit, ``head`` is the last hash."""

    intact: bool
    entries: int
    head: str
    problems: tuple[str, ...]


_LAST: Final = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"
_INSERT: Final = """
INSERT INTO audit (seq, at, actor, action, subject, details, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


def append(
    connection: sqlite3.Connection, *, actor: str, action: str, subject: str, details: object, at: datetime
) -> int:
    """Write an entry in the transaction of what it is about; return its number."""
    last = connection.execute(_LAST).fetchone()
    seq, previous = (last[0] + 1, last[1]) if last else (1, FIRST)
    fields = (seq, rfc3339(at), actor, action, subject, _encode(details).decode(), previous)
    connection.execute(_INSERT, (*fields, _hash(fields)))
    return int(seq)


_NEWEST: Final = """
SELECT seq, at, actor, action, subject, details, previous, hash FROM audit ORDER BY seq DESC LIMIT ?
"""


def newest(connection: sqlite3.Connection, limit: int) -> list[AuditEntry]:
    """Read the last entries, the newest first."""
    return [
        AuditEntry(
            seq=seq,
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            details=details,
            previous=previous,
            hash=digest,
        )
        for seq, at, actor, action, subject, details, previous, digest in connection.execute(_NEWEST, (limit,))
    ]


_ALL: Final = "SELECT seq, at, actor, action, subject, details, previous, hash FROM audit ORDER BY seq"


def verify(connection: sqlite3.Connection) -> AuditVerdict:
    """Prove the chain from its first entry on."""
    problems: list[str] = []
    previous, count = FIRST, 0
    for *fields, found in connection.execute(_ALL):
        count += 1
        if fields[0] != count:
            problems.append(f"entry {count} is missing before {fields[0]}")
            count = fields[0]
        if fields[-1] != previous:
            problems.append(f"entry {count} does not follow the one before")
        if _hash(tuple(fields)) != found:
            problems.append(f"entry {count} was changed")
        previous = found
    return AuditVerdict(not problems, count, previous, tuple(problems))


def _hash(fields: tuple[object, ...]) -> str:
    return hashlib.sha256(_encode(fields)).hexdigest()
