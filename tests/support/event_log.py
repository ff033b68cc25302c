"""A producer's and a consumer's database with an event log, and consumers as processes of their own."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import asyncpg
import msgspec

from tests.support.databases import FreshDatabase
from waqiti.foundation.database import Database
from waqiti.foundation.database.migrations import migrate
from waqiti.foundation.events import Batch, Consumer, Event, EventWriter, NewEvent
from waqiti.foundation.ids import new_id

TOPIC: Final = "test-events"
GROUP: Final = "test-consumer"
DEADLINE_SECONDS: Final = 15.0

CREATE_EFFECTS: Final = """
CREATE TABLE effects (partition integer, "offset" bigint, number integer, PRIMARY KEY (partition, "offset"))
"""
INSERT_EFFECTS: Final = "INSERT INTO effects SELECT * FROM unnest($1::integer[], $2::bigint[], $3::integer[])"


class Log(msgspec.Struct, frozen=True):
    """Both databases, open, and a writer; ``create_topic`` has been called for ``TOPIC``.

    ``writing`` is the producer's database under the writer's role, where ``producer`` may only read.
    """

    producer: Database
    own: Database
    writer: EventWriter
    writing: Database | None = None

    async def append(self, *events: NewEvent) -> None:
        """Append in a transaction of their own and hint."""
        async with (self.writing or self.producer).transaction() as connection:
            await self.writer.append(connection, events)
        self.writer.hint({TOPIC})

    def consumer(self, group: str = GROUP) -> Consumer:
        return Consumer(log=self.producer, database=self.own, group=group, topic=TOPIC)

    async def consume(self, consumer: Consumer, batch: Batch) -> None:
        """Commit an effect for each event, which no event can have twice, together with the mark."""
        async with self.own.transaction() as connection:
            await take_effect(connection, batch.events)
            await consumer.mark(connection, batch)

    async def effects(self) -> list[int]:
        """List the numbers of all events that took effect."""
        async with self.own.connection() as connection:
            return [row["number"] for row in await connection.fetch("SELECT number FROM effects ORDER BY number")]


@contextlib.asynccontextmanager
async def open_log(empty_database: Callable[[], FreshDatabase]) -> AsyncIterator[Log]:
    urls = [empty_database().url, empty_database().url]
    for url in urls:
        await migrate(url, ["waqiti.foundation.events"])
    producer = await Database.open(urls[0], name="producer", max_size=10)
    own = await Database.open(urls[1], name="own")
    async with producer.connection() as connection:
        await connection.execute("SELECT eventlog.create_topic($1)", TOPIC)
    async with own.connection() as connection:
        await connection.execute(CREATE_EFFECTS)
    writer = EventWriter(producer)
    try:
        yield Log(producer, own, writer)
    finally:
        await writer.close()
        await producer.close()
        await own.close()


def event(number: int, key: str | None = None) -> NewEvent:
    data = msgspec.json.encode({"number": number})
    return NewEvent(TOPIC, key or f"key {number}", "tested", new_id(), data, f"trace {number}")


def number_of(event: Event) -> int:
    number = msgspec.json.decode(event.data, type=dict[str, int])["number"]
    assert event.trace == f"trace {number}"
    return number


async def take_effect(connection: "asyncpg.Connection[asyncpg.Record]", events: Sequence[Event]) -> None:
    columns = [e.partition for e in events], [e.offset for e in events], [number_of(e) for e in events]
    await connection.execute(INSERT_EFFECTS, *columns)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until ``condition`` holds; fail after 15 s."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"never came true: {what}"
        await asyncio.sleep(0.01)


async def consume_until(log: Log, count: int, *members: Consumer) -> None:
    """Let ``members`` consume beside each other until ``count`` events took effect; fail after 15 s."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    consuming = [asyncio.create_task(_consume(log, member)) for member in members]
    try:
        while len(await log.effects()) < count:
            assert asyncio.get_running_loop().time() < deadline, "events were lost"
            for task in consuming:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)
    finally:
        for task in consuming:
            task.cancel()
        await asyncio.gather(*consuming, return_exceptions=True)


async def _consume(log: Log, member: Consumer) -> None:
    while True:
        await log.consume(member, await member.next(100))


@contextlib.asynccontextmanager
async def member_process(log: Log) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process that consumes ``TOPIC`` for ``GROUP``; it has joined at the beginning, and is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, log.producer.url, log.own.url, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"joined\n"
        yield process
    finally:
        await kill(process)


async def kill(process: asyncio.subprocess.Process) -> None:
    """Send SIGKILL and wait until the process is gone; one that is gone already may be killed again."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _be_member(producer_url: str, own_url: str) -> None:
    producer = await Database.open(producer_url, name="producer")
    own = await Database.open(own_url, name="own")
    consumer = Consumer(log=producer, database=own, group=GROUP, topic=TOPIC)
    log = Log(producer, own, EventWriter(producer))
    async with consumer:
        print("joined", flush=True)
        while True:
            batch = await consumer.next(10)
            try:
                await log.consume(consumer, batch)
            except Exception:
                consumer.abort(batch)
                raise


if __name__ == "__main__":
    asyncio.run(_be_member(*sys.argv[1:]))
