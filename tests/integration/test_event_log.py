"""Appending to the log, following it, and the hints that wake readers."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.support.databases import FreshDatabase
from tests.support.event_log import TOPIC, Log, event, number_of, open_log
from waqiti.foundation.events import Event, NewEvent, Tail, tail
from waqiti.foundation.events.store import partition_counts
from waqiti.foundation.ids import new_id

Empty = Callable[[], FreshDatabase]


class Undone(Exception):
    """Rolls a transaction back."""


async def collect(reader: Tail, count: int) -> list[Event]:
    events: list[Event] = []
    async with asyncio.timeout(15):
        while len(events) < count:
            events += await reader.next()
    return events


async def test_an_event_comes_out_as_it_went_in(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, Tail(log.producer, TOPIC) as reader:
        subject = new_id()
        await log.append(NewEvent(TOPIC, "wallet ü", "payment.created", subject, b'{"amount":1250}', None))
        (found,) = await reader.next()
        assert (found.topic, found.key, found.type, found.subject) == (TOPIC, "wallet ü", "payment.created", subject)
        assert (found.data, found.trace, found.offset) == (b'{"amount":1250}', None, 0)


async def test_events_of_one_key_stay_in_one_partition_and_in_order(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, Tail(log.producer, TOPIC) as reader:
        await log.append(*[event(number, key="one wallet") for number in range(50)])
        await log.append(*[event(number, key="one wallet") for number in range(50, 60)])
        events = await collect(reader, 60)
        assert [number_of(e) for e in events] == list(range(60))
        assert [e.offset for e in events] == list(range(60))
        assert len({e.partition for e in events}) == 1


async def test_a_topic_has_16_partitions_and_keys_spread_over_them(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, Tail(log.producer, TOPIC) as reader:
        async with log.producer.connection() as connection:
            assert await partition_counts(connection) == {TOPIC: 16}
        await log.append(*[event(number) for number in range(400)])
        assert {e.partition for e in await collect(reader, 400)} == set(range(16))


async def test_offsets_are_gapless_and_in_commit_order_under_8_writers(empty_database: Empty) -> None:
    """A follower that goes on after the highest offset it has seen would miss one that became visible later."""
    async with open_log(empty_database) as log, Tail(log.producer, TOPIC) as reader:
        committed: set[int] = set()
        await asyncio.gather(*[_write(log, writer, committed) for writer in range(8)], _follow(reader, committed))


async def _write(log: Log, writer: int, committed: set[int]) -> None:
    choose = random.Random(writer)
    for turn in range(40):
        numbers = [writer * 1_000 + turn * 10 + n for n in range(choose.randint(1, 6))]
        undone = choose.random() < 0.2
        with suppress(Undone):
            async with log.producer.transaction() as connection:
                await log.writer.append(connection, [event(n, key=str(choose.randrange(20))) for n in numbers])
                if undone:
                    raise Undone
        committed.update([] if undone else numbers)
    committed.add(-writer - 1)
    await log.append(event(-writer - 1))


async def _follow(reader: Tail, committed: set[int]) -> None:
    seen: list[int] = []
    offsets: dict[int, list[int]] = defaultdict(list)
    times: dict[int, list[float]] = defaultdict(list)
    async with asyncio.timeout(30):
        while sum(1 for number in seen if number < 0) < 8:
            for e in await reader.next():
                seen.append(number_of(e))
                offsets[e.partition].append(e.offset)
                times[e.partition].append(e.recorded_at.timestamp())
    assert sorted(seen) == sorted(committed)
    for partition, found in offsets.items():
        assert found == list(range(len(found))), f"partition {partition}"
        assert times[partition] == sorted(times[partition])


async def test_an_event_for_an_unknown_topic_is_refused(empty_database: Empty) -> None:
    async with open_log(empty_database) as log:
        stray = NewEvent("no-such-topic", "key", "tested", new_id(), b"{}")
        with pytest.raises(KeyError, match="no-such-topic"):
            await log.append(stray)


async def test_the_hint_wakes_a_tail_without_its_poll(empty_database: Empty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "POLL_SECONDS", 3600.0)
    async with open_log(empty_database) as log, Tail(log.producer, TOPIC) as reader:
        for number in range(20):
            waiting = asyncio.ensure_future(reader.next())
            await asyncio.sleep(0.005)
            await log.append(event(number))
            async with asyncio.timeout(5):
                assert [number_of(e) for e in await waiting] == [number]


async def test_the_hint_wakes_a_consumer_without_its_poll(
    empty_database: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "POLL_SECONDS", 3600.0)
    async with open_log(empty_database) as log, log.consumer() as consumer:
        for number in range(20):
            waiting = asyncio.ensure_future(consumer.next(10))
            await asyncio.sleep(0.005)
            await log.append(event(number))
            async with asyncio.timeout(5):
                assert [number_of(e) for e in (await waiting).events] == [number]


async def test_without_a_hint_the_poll_finds_events(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, Tail(log.producer, TOPIC) as reader, log.consumer() as consumer:
        async with log.producer.transaction() as connection:
            await log.writer.append(connection, [event(1)])
        async with asyncio.timeout(5):
            assert [number_of(e) for e in await reader.next()] == [1]
            assert [number_of(e) for e in (await consumer.next(10)).events] == [1]


async def test_hints_are_coalesced_to_one_in_two_milliseconds(empty_database: Empty) -> None:
    async with open_log(empty_database) as log:
        heard: list[str] = []
        listening = await log.producer.dedicated("test")
        await listening.add_listener(f"eventlog:{TOPIC}", lambda *hint: heard.append(str(hint[2])))
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() < began + 0.2:
            log.writer.hint({TOPIC})
            await asyncio.sleep(0)
        await log.writer.close()
        await listening.execute("SELECT 1")
        await listening.close()
        assert 1 <= len(heard) <= (loop.time() - began) / 0.005 + 1


async def test_readers_hear_hints_again_after_their_session_was_ended(empty_database: Empty) -> None:
    async with open_log(empty_database) as log, Tail(log.producer, TOPIC) as reader:
        await log.append(event(1))
        await collect(reader, 1)
        async with log.producer.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND usename = current_user"
            )
        await log.append(event(2))
        assert [number_of(e) for e in await collect(reader, 1)] == [2]
