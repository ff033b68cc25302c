"""Who owns which partitions: session advisory locks on the consumer's own database, and an epoch for each.

A lock dies with its session, so a killed member's partitions are free at once. Taking a partition over raises its
epoch; a former owner that wakes up can no longer mark. Members count each other by a lock that they share, and each
aims at an equal part.
"""

import random
import zlib
from collections.abc import Callable, Collection, Sequence
from typing import Final

import msgspec

from waqiti.foundation.database import Connection
from waqiti.foundation.events.store import Mark

_MEMBER_SLOT: Final = 2**31 - 1
_CHANNEL_PREFIX: Final = "claims:"
_TIMEOUT_SECONDS: Final = 3.0


class Survey(msgspec.Struct, frozen=True):
    """How many members a group has, which partitions somebody owns, and all committed marks of the group."""

    members: int
    taken: frozenset[int]
    marks: Sequence[Mark] = ()

    def fair_share(self, partitions: int) -> int:
        """Return how many of ``partitions`` a member may own."""
        return -(-partitions // max(1, self.members))

    def candidates(self, partitions: int, count: int) -> list[int]:
        """Choose up to ``count`` partitions that nobody owns."""
        free = [partition for partition in range(partitions) if partition not in self.taken]
        return random.sample(free, min(max(0, count), len(free)))


class Claims:
    """The locks of one member of (``group``, ``topic``), on a session of their own."""

    def __init__(self, connection: Connection, group: str, topic: str) -> None:
        self.connection = connection
        self._group = group
        self._topic = topic
        self._lock_class = zlib.crc32(f"{group}\0{topic}".encode())
        self._channel = f"{_CHANNEL_PREFIX}{self._lock_class}"

    async def join(self, on_change: Callable[[], None]) -> None:
        """Become a member; ``on_change`` is called when another one joins, leaves or lets go of partitions."""

        def heard(_connection: object, _pid: int, _channel: str, _payload: object) -> None:
            on_change()

        await self.connection.add_listener(self._channel, heard)
        await _share_lock(self.connection, self._signed_class, _MEMBER_SLOT)
        await self.announce()

    async def announce(self) -> None:
        """Make the other members look again."""
        await _notify(self.connection, self._channel)

    async def survey(self) -> Survey:
        """Look at who holds what, and how far the group has come."""
        held, marks = await _look(self.connection, self._lock_class, self._group, self._topic)
        members = sum(1 for slot in held if slot == _MEMBER_SLOT)
        return Survey(members, frozenset(held) - {_MEMBER_SLOT}, marks)

    async def take(self, partitions: Sequence[int]) -> list[Mark]:
        """Take those of ``partitions`` that are free; return the marks to go on from, under new epochs."""
        gained = await _try_lock(self.connection, self._signed_class, partitions)
        if not gained:
            return []
        try:
            return await _take_over(self.connection, self._group, self._topic, gained)
        except BaseException:
            self.connection.terminate()
            raise

    async def let_go(self, partitions: Collection[int]) -> None:
        """Unlock ``partitions`` and tell the others."""
        await _unlock(self.connection, self._signed_class, list(partitions))
        await self.announce()

    async def marks(self) -> list[Mark]:
        """Read all committed marks of the group."""
        return await read_marks(self.connection, self._group, self._topic)

    @property
    def _signed_class(self) -> int:
        return self._lock_class - 2**32 if self._lock_class >= 2**31 else self._lock_class


_SHARE_LOCK: Final = "SELECT pg_advisory_lock_shared($1::integer, $2::integer)"


async def _share_lock(connection: Connection, lock_class: int, slot: int) -> None:
    await connection.execute(_SHARE_LOCK, lock_class, slot, timeout=_TIMEOUT_SECONDS)


_TELL: Final = "SELECT pg_notify($1, '')"


async def _notify(connection: Connection, channel: str) -> None:
    await connection.execute(_TELL, channel, timeout=_TIMEOUT_SECONDS)


_LOOK: Final = """
SELECT ARRAY(
    SELECT objid::bigint
    FROM pg_locks
    WHERE locktype = 'advisory' AND classid = $1::oid AND objsubid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), array_agg(partition), array_agg(epoch), array_agg("offset")
FROM eventlog.marks WHERE group_name = $2 AND topic = $3
"""


async def _look(connection: Connection, lock_class: int, group: str, topic: str) -> tuple[list[int], list[Mark]]:
    row = await connection.fetchrow(_LOOK, lock_class, group, topic, timeout=_TIMEOUT_SECONDS)
    assert row is not None
    held, *columns = row
    return held, [Mark(*mark) for mark in zip(*(column or () for column in columns), strict=True)]


_TRY_LOCK: Final = "SELECT p FROM unnest($2::integer[]) AS p WHERE pg_try_advisory_lock($1::integer, p)"


async def _try_lock(connection: Connection, lock_class: int, partitions: Sequence[int]) -> list[int]:
    rows = await connection.fetch(_TRY_LOCK, lock_class, partitions, timeout=_TIMEOUT_SECONDS)
    return [row["p"] for row in rows]


_UNLOCK: Final = "SELECT pg_advisory_unlock($1::integer, p) FROM unnest($2::integer[]) AS p"


async def _unlock(connection: Connection, lock_class: int, partitions: Sequence[int]) -> None:
    await connection.execute(_UNLOCK, lock_class, partitions, timeout=_TIMEOUT_SECONDS)


# Waits for a former owner's transaction that has marked but not yet ended, and so sees its outcome.
_TAKE_OVER: Final = """
INSERT INTO eventlog.marks AS known (group_name, topic, partition, epoch, "offset")
SELECT $1, $2, p, 1, 0 FROM unnest($3::integer[]) AS p ORDER BY p
ON CONFLICT (group_name, topic, partition) DO UPDATE SET epoch = known.epoch + 1
RETURNING partition, epoch, "offset"
"""


async def _take_over(connection: Connection, group: str, topic: str, partitions: Sequence[int]) -> list[Mark]:
    rows = await connection.fetch(_TAKE_OVER, group, topic, partitions, timeout=_TIMEOUT_SECONDS)
    return [Mark(*row) for row in rows]


_READ_MARKS: Final = """
SELECT partition, epoch, "offset" FROM eventlog.marks WHERE group_name = $1 AND topic = $2
"""


async def read_marks(connection: Connection, group: str, topic: str) -> list[Mark]:
    """Read all committed marks of ``group`` on ``topic``."""
    rows = await connection.fetch(_READ_MARKS, group, topic, timeout=_TIMEOUT_SECONDS)
    return [Mark(*row) for row in rows]
