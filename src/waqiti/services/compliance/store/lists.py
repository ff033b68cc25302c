"""Lists of names that were loaded, which of them are used, and who has read them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.services.compliance.domain.lists import ListVersion, SourceList
from waqiti.services.compliance.domain.screening import Entry
from waqiti.services.compliance.domain.shrinking import ListSize


class LoadedList(msgspec.Struct, frozen=True):
    """A list; ``in_use`` where it is screened against. ``loaded_at`` is None for the one that ships."""

    source: str
    version: str
    loaded_at: datetime | None
    entry_count: int
    name_count: int
    in_use: bool


class Reader(msgspec.Struct, frozen=True):
    """A process, and the version of all lists together that it screens against."""

    replica: str
    role: str
    pid: int
    version: str


_IN_USE: Final = "SELECT source, version FROM lists_in_use ORDER BY source"


async def in_use(connection: Connection) -> list[ListVersion]:
    """Read which lists are screened against."""
    return [ListVersion(*row) for row in await connection.fetch(_IN_USE)]


_USE: Final = """
INSERT INTO lists_in_use AS u (source, version) VALUES ($1, $2)
ON CONFLICT (source) DO UPDATE SET version = excluded.version, since = clock_timestamp()
"""


async def use(connection: Connection, of: ListVersion) -> None:
    """Have a version of a list screened against. Whoever loads the same source waits until this transaction ends."""
    await connection.execute(_USE, of.source, of.version)


_REPLACED: Final = """
SELECT entry_count, name_count FROM lists WHERE source = $1 AND version <> $2 ORDER BY loaded_at DESC LIMIT 1
"""


async def replaced(connection: Connection, of: ListVersion) -> ListSize | None:
    """Read the size of the version that was in use before ``use``; others are forgotten, so there is one at most."""
    row = await connection.fetchrow(_REPLACED, of.source, of.version)
    return None if row is None else ListSize(*row)


_ADD: Final = """
INSERT INTO lists (source, version, entry_count, name_count) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
RETURNING true
"""


async def add(connection: Connection, loaded: SourceList) -> bool:
    """Record a list; False where it was loaded before."""
    names = sum(1 + len(entry.aliases) for entry in loaded.entries)
    added = await connection.fetchval(_ADD, loaded.of.source, loaded.of.version, len(loaded.entries), names)
    return added is not None


_ADD_ENTRIES: Final = """
INSERT INTO list_entries (source, version, place, reference, kind, name, aliases)
SELECT $1, $2, n.place, n.reference, n.kind, n.name, ARRAY(SELECT json_array_elements_text(n.aliases::json))
FROM unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS n (place, reference, kind, name, aliases)
"""


async def add_entries(connection: Connection, of: ListVersion, first: int, entries: Sequence[Entry]) -> None:
    """Add the entries of a list from the place ``first`` on."""
    await connection.execute(
        _ADD_ENTRIES,
        of.source,
        of.version,
        list(range(first, first + len(entries))),
        [entry.reference for entry in entries],
        [entry.kind for entry in entries],
        [entry.name for entry in entries],
        [msgspec.json.encode(entry.aliases).decode() for entry in entries],
    )


_FORGET_ENTRIES: Final = "DELETE FROM list_entries WHERE source = $1 AND version <> $2"
_FORGET: Final = "DELETE FROM lists WHERE source = $1 AND version <> $2"


async def forget_others(connection: Connection, of: ListVersion) -> None:
    """Forget the other versions of a list."""
    await connection.execute(_FORGET_ENTRIES, of.source, of.version)
    await connection.execute(_FORGET, of.source, of.version)


_ENTRIES: Final = """
SELECT reference, name, aliases, kind, place FROM list_entries
WHERE source = $1 AND version = $2 AND place >= $3 ORDER BY place LIMIT $4
"""


async def entries(connection: Connection, of: ListVersion, first: int, limit: int) -> list[Entry]:
    """Read the entries of a list from the place ``first`` on."""
    rows = await connection.fetch(_ENTRIES, of.source, of.version, first, limit)
    return [Entry(row[0], row[1], tuple(row[2]), row[3]) for row in rows]


_ALL: Final = """
SELECT l.source, l.version, l.loaded_at, l.entry_count, l.name_count, u.version IS NOT NULL
FROM lists l LEFT JOIN lists_in_use u ON u.source = l.source AND u.version = l.version
ORDER BY l.source, l.loaded_at
"""


async def loaded(connection: Connection) -> list[LoadedList]:
    """List what was loaded."""
    return [LoadedList(*row) for row in await connection.fetch(_ALL)]


_SAY: Final = """
INSERT INTO list_readers AS r (id, replica, role, pid, version) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, seen_at = clock_timestamp()
"""


async def say(connection: Connection, reader_id: UUID, reader: Reader) -> None:
    """Record what a process screens against."""
    await connection.execute(_SAY, reader_id, reader.replica, reader.role, reader.pid, reader.version)


_UNSAY: Final = "DELETE FROM list_readers WHERE id = $1 OR seen_at < clock_timestamp() - $2::interval"


async def unsay(connection: Connection, reader_id: UUID | None, silent_for: timedelta) -> None:
    """Forget a process that ends, and all that have been silent for so long."""
    await connection.execute(_UNSAY, reader_id, silent_for)


_READERS: Final = """
SELECT replica, role, pid, version FROM list_readers WHERE seen_at >= clock_timestamp() - $1::interval
ORDER BY replica, role, pid
"""


async def readers(connection: Connection, silent_for: timedelta) -> list[Reader]:
    """Read what every process screens against that has said so lately."""
    return [Reader(*row) for row in await connection.fetch(_READERS, silent_for)]
