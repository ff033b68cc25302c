"""The switches in the operations store."""

import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from waqiti.foundation.clock import rfc3339
from waqiti.foundation.switches.file import LiveSwitch

_READ: Final = """
SELECT name, service, json(value), revision, owner, reason, set_at, expires_at FROM switches ORDER BY name, service
"""


def read(connection: sqlite3.Connection) -> tuple[LiveSwitch, ...]:
    """Return everything that is switched."""
    return tuple(
        LiveSwitch(
            name=name,
            service=service,
            value=msgspec.json.decode(value, type=bool | int | float | str),
            revision=revision,
            owner=owner,
            reason=reason,
            set_at=datetime.fromisoformat(set_at),
            expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
        )
        for name, service, value, revision, owner, reason, set_at, expires_at in connection.execute(_READ)
    )


_REVISION: Final = "SELECT revision FROM revisions WHERE subject = 'switches'"


def revision(connection: sqlite3.Connection) -> int:
    """Return the revision of what is switched."""
    (number,) = connection.execute(_REVISION).fetchone()
    return int(number)


_RAISE: Final = """
UPDATE revisions SET revision = max(revision, ?) + 1 WHERE subject = 'switches' RETURNING revision
"""


def raise_revision(connection: sqlite3.Connection, published: int) -> int:
    """Take the next revision, beyond the one that was published last."""
    (number,) = connection.execute(_RAISE, (published,)).fetchone()
    return int(number)


_PUT: Final = """
INSERT OR REPLACE INTO switches (name, service, value, revision, owner, reason, set_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


def put(connection: sqlite3.Connection, switch: LiveSwitch) -> None:
    """Set a switch of one deployment."""
    connection.execute(
        _PUT,
        (
            switch.name,
            switch.service,
            msgspec.json.encode(switch.value).decode(),
            switch.revision,
            switch.owner,
            switch.reason,
            rfc3339(switch.set_at),
            rfc3339(switch.expires_at) if switch.expires_at else None,
        ),
    )


_REMOVE: Final = "DELETE FROM switches WHERE name = ? AND service = ?"


def remove(connection: sqlite3.Connection, name: str, service: str) -> None:
    """Unset a switch of one deployment."""
    connection.execute(_REMOVE, (name, service))
