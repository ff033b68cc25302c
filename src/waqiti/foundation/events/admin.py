"""Looking at the log: topics, groups, lag, dead letters."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection, Database
from waqiti.foundation.events.model import Event


class Topic(msgspec.Struct, frozen=True):
    """A topic, its number of partitions, and how many events were ever appended."""

    topic: str
    partitions: int
    events: int


class GroupLag(msgspec.Struct, frozen=True):
    """A group on a topic: events appended and not yet known to be consumed."""

    group: str
    topic: str
    lag: int


class PartitionLag(msgspec.Struct, frozen=True):
    """One partition as a group sees it; ``offset`` is the next to consume, ``end`` the next to be written."""

    topic: str
    partition: int
    offset: int
    end: int
    lag: int


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that a group could not process, and why."""

    group: str
    topic: str
    partition: int
    offset: int
    key: str
    type: str
    subject: UUID
    data: bytes
    trace: str | None
    recorded_at: datetime
    error: str
    dead_at: datetime


class LogAdmin:
    """Reads the log of ``database``: a producer's for topics, groups and lag, a consumer's for dead letters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def topics(self) -> list[Topic]:
        """List the topics, by name."""
        async with self._database.connection() as connection:
            return await _topics(connection)

    async def groups(self) -> list[GroupLag]:
        """List the groups that consume the topics, with their lag; members publish offsets every half second."""
        async with self._database.connection() as connection:
            return await _groups(connection)

    async def lag(self, group: str) -> list[PartitionLag]:
        """List the partitions of the topics that ``group`` consumes; a partition it has not begun counts from 0."""
        async with self._database.connection() as connection:
            return await _lag(connection, group)

    async def dead_letters(self, group: str, limit: int = 100) -> list[DeadLetter]:
        """List what ``group`` has put aside, the newest first."""
        async with self._database.connection() as connection:
            return await _dead_letters(connection, group, limit)

    async def put_dead_letter(self, connection: Connection, group: str, event: Event, error: str) -> None:
        """Put ``event`` aside, in the transaction that marks it; a second time changes nothing."""
        await _put_dead_letter(connection, group, event, error)


_TOPICS: Final = """
SELECT t.topic, t.partitions, sum(p.next_offset)::bigint
FROM eventlog.topics t
JOIN eventlog.partitions p ON p.topic = t.topic
GROUP BY t.topic
ORDER BY t.topic
"""


async def _topics(connection: Connection) -> list[Topic]:
    return [Topic(*row) for row in await connection.fetch(_TOPICS)]


_GROUPS: Final = """
SELECT g.group_name, p.topic, sum(p.next_offset - coalesce(o."offset", 0))::bigint
FROM (SELECT DISTINCT group_name, topic FROM eventlog.group_offsets) g
JOIN eventlog.partitions p ON p.topic = g.topic
LEFT JOIN eventlog.group_offsets o
    ON o.group_name = g.group_name AND o.topic = p.topic AND o.partition = p.partition
GROUP BY g.group_name, p.topic
ORDER BY g.group_name, p.topic
"""


async def _groups(connection: Connection) -> list[GroupLag]:
    return [GroupLag(*row) for row in await connection.fetch(_GROUPS)]


_LAG: Final = """
SELECT p.topic, p.partition, coalesce(o."offset", 0), p.next_offset, p.next_offset - coalesce(o."offset", 0)
FROM (SELECT DISTINCT topic FROM eventlog.group_offsets WHERE group_name = $1) g
JOIN eventlog.partitions p ON p.topic = g.topic
LEFT JOIN eventlog.group_offsets o ON o.group_name = $1 AND o.topic = p.topic AND o.partition = p.partition
ORDER BY p.topic, p.partition
"""


async def _lag(connection: Connection, group: str) -> list[PartitionLag]:
    return [PartitionLag(*row) for row in await connection.fetch(_LAG, group)]


_DEAD_LETTERS: Final = """
SELECT group_name, topic, partition, "offset", key, type, subject, convert_to(data::text, 'UTF8'), trace, recorded_at,
       error, dead_at
FROM eventlog.dead_letters
WHERE group_name = $1
ORDER BY dead_at DESC, topic, partition, "offset" DESC
LIMIT $2
"""


async def _dead_letters(connection: Connection, group: str, limit: int) -> list[DeadLetter]:
    return [DeadLetter(*row) for row in await connection.fetch(_DEAD_LETTERS, group, limit)]


_PUT_DEAD_LETTER: Final = """
INSERT INTO eventlog.dead_letters
    (group_name, topic, partition, "offset", key, type, subject, data, trace, recorded_at, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::json, $9, $10, $11)
ON CONFLICT DO NOTHING
"""


async def _put_dead_letter(connection: Connection, group: str, event: Event, error: str) -> None:
    await connection.execute(
        _PUT_DEAD_LETTER,
        group,
        event.topic,
        event.partition,
        event.offset,
        event.key,
        event.type,
        event.subject,
        event.data.decode(),
        event.trace,
        event.recorded_at,
        error,
    )
