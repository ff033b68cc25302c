"""The statements of the event log but for those of ownership."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from waqiti.foundation.database import Connection
from waqiti.foundation.events.model import Batch, Event, NewEvent

_APPEND: Final = "SELECT eventlog.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


async def append(connection: Connection, events: Sequence[NewEvent], partitions: Mapping[str, int]) -> None:
    """Append ``events``; the partitions' rows stay locked until the transaction ends."""
    await connection.execute(_APPEND, *append_arguments(events, partitions))


_MARK: Final = "SELECT eventlog.mark($1, $2, $3, $4, $5, $6)"


async def mark(connection: Connection, group: str, topic: str, batch: Batch) -> None:
    """Move the group's marks over ``batch``."""
    await connection.execute(_MARK, *mark_arguments(group, topic, batch))


def append_arguments(events: Sequence[NewEvent], partitions: Mapping[str, int]) -> tuple[list[object], ...]:
    """Return the arguments of the SQL function ``eventlog.append``; ``partitions`` counts those of each topic."""
    places: list[int] = []
    touched: dict[tuple[str, int], int] = {}
    slots = [(event.topic, zlib.crc32(event.key.encode()) % partitions[event.topic]) for event in events]
    for slot in slots:
        place = touched.get(slot, 0)
        places.append(place)
        touched[slot] = place + 1
    ordered = sorted(touched)
    numbers = {slot: number for number, slot in enumerate(ordered, start=1)}
    return (
        [topic for topic, _ in ordered],
        [partition for _, partition in ordered],
        [touched[slot] for slot in ordered],
        [numbers[slot] for slot in slots],
        list(places),
        [event.key for event in events],
        [event.type for event in events],
        [event.subject for event in events],
        [event.data.decode() for event in events],
        [event.trace for event in events],
    )


_TOPICS: Final = "SELECT topic, partitions FROM eventlog.topics"


async def partition_counts(connection: Connection) -> dict[str, int]:
    """Return the number of partitions of each topic of this database."""
    return {row["topic"]: row["partitions"] for row in await connection.fetch(_TOPICS)}


def mark_arguments(group: str, topic: str, batch: Batch) -> tuple[object, ...]:
    """Return the arguments of the SQL function ``eventlog.mark``."""
    return (
        group,
        topic,
        [span.partition for span in batch.spans],
        [span.epoch for span in batch.spans],
        [span.first for span in batch.spans],
        [span.next for span in batch.spans],
    )


# What is waiting is known from the partitions' rows, so an idle poll reads nothing else. More than the limit is shared
# out in proportion to what waits in each partition.
_READ: Final = """
WITH waiting AS (
    SELECT p.partition, w.since, p.next_offset - w.since AS events, sum(p.next_offset - w.since) OVER () AS total
    FROM unnest($2::integer[], $3::bigint[]) AS w (partition, since)
    JOIN eventlog.partitions p ON p.topic = $1 AND p.partition = w.partition AND p.next_offset > w.since
)
SELECT e.topic, e.partition, e."offset", e.key, e.type, e.subject, convert_to(e.data::text, 'UTF8') AS data, e.trace,
       e.recorded_at
FROM waiting
CROSS JOIN LATERAL (
    SELECT *
    FROM eventlog.events
    WHERE topic = $1 AND partition = waiting.partition AND "offset" >= waiting.since
        AND "offset" < waiting.since + ceil(waiting.events * least(1, $4::integer / waiting.total))::bigint
) e
ORDER BY e.partition, e."offset"
"""


async def read(connection: Connection, topic: str, positions: Mapping[int, int], max_events: int) -> list[Event]:
    """Read on from ``positions`` (partition: next offset), in order within each partition.

    About ``max_events`` at most: one more for each partition that has events.
    """
    rows = await connection.fetch(_READ, topic, list(positions), list(positions.values()), max_events)
    return [Event(*row) for row in rows]


_ENDS: Final = "SELECT partition, next_offset FROM eventlog.partitions WHERE topic = $1 ORDER BY partition"


async def ends(connection: Connection, topic: str) -> dict[int, int]:
    """Return the next offset of each partition of ``topic``."""
    return {row["partition"]: row["next_offset"] for row in await connection.fetch(_ENDS, topic)}


_PUBLISH: Final = """
INSERT INTO eventlog.group_offsets AS known (group_name, topic, partition, epoch, "offset")
SELECT $1, $2, s.partition, s.epoch, s."offset"
FROM unnest($3::integer[], $4::bigint[], $5::bigint[]) AS s (partition, epoch, "offset")
ORDER BY s.partition
ON CONFLICT (group_name, topic, partition) DO UPDATE
    SET epoch = excluded.epoch, "offset" = excluded."offset", updated_at = clock_timestamp()
    WHERE known.epoch <= excluded.epoch
"""


class Mark(msgspec.Struct, frozen=True):
    """How far a group has come in one partition, under which ownership."""

    partition: int
    epoch: int
    offset: int


async def publish(connection: Connection, group: str, topic: str, marks: Sequence[Mark]) -> None:
    """Write a group's committed offsets into the producer's database."""
    columns = [m.partition for m in marks], [m.epoch for m in marks], [m.offset for m in marks]
    await connection.execute(_PUBLISH, group, topic, *columns)
