"""Consumer groups: each event takes effect once, whatever happens to the members."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest

from tests.support.databases import FreshDatabase
from tests.support.event_log import (
    GROUP,
    TOPIC,
    Log,
    consume_until,
    event,
    kill,
    member_process,
    number_of,
    open_log,
    until,
)
from waqiti.foundation.database import Database
from waqiti.foundation.events import Batch, Consumer, EventWriter, Fenced, LogAdmin
from waqiti.foundation.ids import new_id

Empty = Callable[[], FreshDatabase]


async def test_one_batch_drains_all_partitions_in_order(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as consumer:
        await log.append(*[event(number) for number in range(100)])
        batch = await consumer.next(500)
        assert len(batch) == 100
        assert len(batch.spans) > 10
        for span in batch.spans:
            part = [e.offset for e in batch.events if e.partition == span.partition]
            assert part == list(range(span.first, span.next))


async def test_a_large_backlog_is_read_in_parts_that_all_partitions_share(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as consumer:
        await log.append(*[event(number, key="busy wallet") for number in range(1_000)], event(1_000, key="quiet"))
        batches = [await consumer.next(100) for _ in range(2)]
        assert [len(batch) for batch in batches] == [100, 100]
        assert "quiet" in {e.key for batch in batches for e in batch.events}


async def test_no_partition_starves_behind_busy_ones_in_the_smallest_batches(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as consumer:
        await log.append(*[event(number) for number in range(200)])
        batches = [await consumer.next(1) for _ in range(40)]
        assert {len(batch) for batch in batches} == {1}
        assert {batch.spans[0].partition for batch in batches} == set(range(16))


async def test_a_new_member_of_a_group_goes_on_after_the_committed_mark(empty_database: Empty) -> None:
    async with open_log(empty_database) as log:
        await log.append(*[event(number) for number in range(20)])
        async with log.consumer() as first:
            await log.consume(first, await first.next(100))
        await log.append(event(20))
        async with log.consumer() as second:
            assert [number_of(e) for e in (await second.next(100)).events] == [20]


async def test_another_group_sees_all_events_again(empty_database: Empty) -> None:
    async with open_log(empty_database) as log:
        await log.append(event(1))
        for group in ("group one", "group two"):
            async with log.consumer(group) as consumer:
                batch = await consumer.next(10)
                assert [number_of(e) for e in batch.events] == [1]


async def test_batches_are_a_pipeline_marked_in_order(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as consumer:
        batches: list[Batch] = []
        for number in range(3):
            await log.append(event(number, key="one wallet"))
            batches.append(await consumer.next(10))
        assert [number_of(batch.events[0]) for batch in batches] == [0, 1, 2]
        for batch in batches:
            await log.consume(consumer, batch)
        assert await log.effects() == [0, 1, 2]


async def test_a_batch_behind_a_failed_one_cannot_be_marked(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as consumer:
        await log.append(event(0, key="one wallet"))
        failed = await consumer.next(10)
        await log.append(event(1, key="one wallet"))
        behind = await consumer.next(10)
        with pytest.raises(Fenced):
            await log.consume(consumer, behind)
        consumer.abort(failed)
        consumer.abort(behind)
        assert await log.effects() == []
        await consume_until(log, 2, consumer)
        assert await log.effects() == [0, 1]


async def test_aborted_batches_are_handed_out_again_from_the_first(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as consumer:
        await log.append(*[event(number) for number in range(30)])
        first = await consumer.next(100)
        await log.append(*[event(number) for number in range(30, 60)])
        second = await consumer.next(100)
        consumer.abort(second)
        consumer.abort(first)
        again = await consumer.next(100)
        assert sorted(number_of(e) for e in again.events) == list(range(60))


async def test_a_commit_whose_answer_was_lost_is_not_repeated(empty_database: Empty) -> None:
    """The worker aborts, for it cannot know; the refused second mark makes it look where the group stands."""
    async with open_log(empty_database) as log, log.consumer() as consumer:
        await log.append(event(0, key="one wallet"))
        batch = await consumer.next(10)
        await log.consume(consumer, batch)
        consumer.abort(batch)
        again = await consumer.next(10)
        with pytest.raises((Fenced, asyncpg.UniqueViolationError)):
            await log.consume(consumer, again)
        with pytest.raises(Fenced):
            async with log.own.transaction() as connection:
                await consumer.mark(connection, again)
        consumer.abort(again)
        await log.append(event(1, key="one wallet"))
        await consume_until(log, 2, consumer)
        assert await log.effects() == [0, 1]


async def test_members_share_the_partitions_and_take_over_from_one_that_leaves(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as first:
        assert first.partitions == list(range(16))
        async with log.consumer() as second:
            await until(lambda: (len(first.partitions), len(second.partitions)) == (8, 8), "two members own 8 each")
            assert sorted(first.partitions + second.partitions) == list(range(16))
            async with log.consumer() as third:
                await until(lambda: len(third.partitions) >= 4, "a third member has a part")
        await until(lambda: first.partitions == list(range(16)), "the last member owns all")


async def test_a_partition_is_given_up_only_after_its_batch_is_committed(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as first:
        await log.append(*[event(number) for number in range(200)])
        batch = await first.next(500)
        async with log.consumer() as second:
            await asyncio.sleep(0.3)
            assert second.partitions == []
            await log.consume(first, batch)
            await until(lambda: len(second.partitions) == 8, "the second member has its part")
            await log.append(*[event(number) for number in range(200, 300)])
            await consume_until(log, 300, first, second)
        assert await log.effects() == list(range(300))


async def test_a_zombie_cannot_commit(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as zombie:
        await log.append(*[event(number) for number in range(100)])
        stale = await zombie.next(500)
        async with log.consumer() as heir:
            async with log.own.connection() as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a WHERE a.pid = ("
                    " SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 0"
                    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
                )
            await until(lambda: len(heir.partitions) >= 8, "the other member took over")
            with pytest.raises(Fenced):
                await log.consume(zombie, stale)
            zombie.abort(stale)
            assert await log.effects() == []
            await consume_until(log, 100, heir, zombie)
        assert await log.effects() == list(range(100))


async def test_killed_processes_hand_over_with_nothing_lost_or_twice(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, AsyncExitStack() as stack:
        members = [await stack.enter_async_context(member_process(log)) for _ in range(2)]
        for turn in range(40):
            await log.append(*[event(turn * 25 + n) for n in range(25)])
            if turn in (10, 20, 30):
                await kill(members.pop(0))
                members.append(await stack.enter_async_context(member_process(log)))
        await consume_until(log, 1_000)
        assert await log.effects() == list(range(1_000))


async def test_a_killed_members_partitions_are_taken_over_within_two_seconds(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as survivor, member_process(log) as member:
        await until(lambda: len(survivor.partitions) == 8, "the two share")
        loop = asyncio.get_running_loop()
        killed_at = loop.time()
        await kill(member)
        await until(lambda: len(survivor.partitions) == 16, "the survivor owns all")
        assert loop.time() - killed_at < 2


async def test_the_roles_of_a_service_and_of_its_readers_suffice(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, _service_roles(log) as limited:
        async with limited.consumer() as consumer:
            await limited.append(*[event(number) for number in range(10)])
            await consume_until(limited, 10, consumer)
        assert [group.lag for group in await LogAdmin(limited.producer).groups()] == [0]
        async with limited.own.transaction() as connection:
            (stray,) = (await _read_one(log)).events
            await LogAdmin(limited.own).put_dead_letter(connection, GROUP, stray, "tested")


async def _read_one(log: Log) -> Batch:
    async with log.consumer("another") as consumer:
        return await consumer.next(1)


@asynccontextmanager
async def _service_roles(log: Log) -> AsyncIterator[Log]:
    """The same databases under roles that may do no more than the log grants them."""
    names = [f"{kind}_{new_id().hex}" for kind in ("writer", "consumer", "unused")]
    async with log.producer.connection() as producer, log.own.connection() as own:
        for name in names:
            await producer.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
        await producer.execute("SELECT eventlog.grant_access($1, $2)", names[0], names[1])
        await own.execute("SELECT eventlog.grant_access($1, $2)", names[1], names[2])
        await own.execute(f"GRANT SELECT, INSERT ON effects TO {names[1]}")
    writing = await Database.open(_as(names[0], log.producer), name="writing")
    reading = await Database.open(_as(names[1], log.producer), name="reading")
    own_database = await Database.open(_as(names[1], log.own), name="own")
    writer = EventWriter(writing)
    try:
        yield Log(reading, own_database, writer, writing)
    finally:
        await writer.close()
        for database in (writing, reading, own_database):
            await database.close()
        async with log.producer.connection() as producer, log.own.connection() as own:
            for name in names:
                await own.execute(f"DROP OWNED BY {name}")
                await producer.execute(f"DROP OWNED BY {name}")
                await producer.execute(f"DROP ROLE {name}")


def _as(role: str, database: Database) -> str:
    parts = urlsplit(database.url)
    return urlunsplit(parts._replace(netloc=f"{role}:secret@{parts.netloc.rpartition('@')[2]}"))


async def test_lag_is_what_was_appended_and_not_yet_consumed(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as consumer:
        admin = LogAdmin(log.producer)
        await log.append(*[event(number) for number in range(10)])
        batch = await consumer.next(100)
        await log.append(event(10))
        await log.consume(consumer, batch)
        await _until_lag(admin, 1)
        (topic,) = await admin.topics()
        assert (topic.topic, topic.partitions, topic.events) == (TOPIC, 16, 11)
        assert sum(part.lag for part in await admin.lag(GROUP)) == 1
        await log.consume(consumer, await consumer.next(100))
        await _until_lag(admin, 0)


async def _until_lag(admin: LogAdmin, lag: int) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    while True:
        found = [(group.group, group.lag) for group in await admin.groups()]
        if found == [(GROUP, lag)]:
            return
        assert asyncio.get_running_loop().time() < deadline, f"lag is {found}, not {lag}"
        await asyncio.sleep(0.02)


async def test_closing_publishes_the_committed_offsets(empty_database: Empty) -> None:
    async with open_log(empty_database) as log:
        await log.append(*[event(number) for number in range(10)])
        async with log.consumer() as consumer:
            await log.consume(consumer, await consumer.next(100))
        assert [group.lag for group in await LogAdmin(log.producer).groups()] == [0]


async def test_poison_is_put_aside_with_its_reason_and_its_mark(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, log.consumer() as consumer:
        await log.append(event(7))
        batch = await consumer.next(10)
        admin = LogAdmin(log.own)
        async with log.own.transaction() as connection:
            await admin.put_dead_letter(connection, GROUP, batch.events[0], "cannot be read")
            await consumer.mark(connection, batch)
        (dead,) = await admin.dead_letters(GROUP)
        assert (dead.error, dead.data, dead.offset) == ("cannot be read", batch.events[0].data, 0)
        assert isinstance(dead.subject, UUID)


async def test_a_consumer_waits_for_a_topic_that_does_not_exist_yet(empty_database: Empty) -> None:
    async with open_log(empty_database) as log:
        early = Consumer(log=log.producer, database=log.own, group=GROUP, topic="later")
        async with early:
            assert early.partitions == []
            async with log.producer.connection() as connection:
                await connection.execute("SELECT eventlog.create_topic('later', 4)")
            await until(lambda: early.partitions == [0, 1, 2, 3], "it owns the new topic's partitions")
