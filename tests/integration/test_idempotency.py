"""Requests that are sent twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.support.databases import FreshDatabase
from waqiti.foundation import idempotency
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.database.migrations import migrate
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.idempotency import (
    Fresh,
    RequestKey,
    Resumed,
    Stored,
    begin,
    canonical_hash,
    finish,
    sweep,
)
from waqiti.foundation.ids import new_id
from waqiti.foundation.runtime import forgetting
from waqiti.foundation.runtime.forgetting import forget_requests

Empty = Callable[[], FreshDatabase]

SCOPE = canonical_hash(["key id", "POST", "/v1/deposits"])


def request(key: str = "key", amount: int = 1250, scope: bytes = SCOPE) -> RequestKey:
    return RequestKey(scope, key, canonical_hash({"amount": amount, "currency": "EUR"}))


@asynccontextmanager
async def opened(empty_database: Empty) -> AsyncIterator[Database]:
    url = empty_database().url
    await migrate(url, ["waqiti.foundation.idempotency"])
    database = await Database.open(url, name="own")
    try:
        yield database
    finally:
        await database.close()


async def test_the_first_request_mints_an_id_and_a_replay_gets_the_stored_answer(empty_database: Empty) -> None:
    async with opened(empty_database) as database:
        async with database.transaction() as connection:
            first = await begin(connection, request(), new_id)
            assert isinstance(first, Fresh)
            await finish(connection, request(), 201, b'{"id":"dep_1"}')
        async with database.transaction() as connection:
            assert await begin(connection, request(), new_id) == Stored(201, b'{"id":"dep_1"}')


async def test_an_attempt_that_left_no_answer_is_resumed_under_its_id(empty_database: Empty) -> None:
    async with opened(empty_database) as database:
        async with database.transaction() as connection:
            first = await begin(connection, request(), new_id)
        async with database.transaction() as connection:
            again = await begin(connection, request(), new_id)
        assert isinstance(first, Fresh)
        assert again == Resumed(first.resource_id)


async def test_a_transaction_that_is_rolled_back_keeps_nothing(empty_database: Empty) -> None:
    async with opened(empty_database) as database:
        with pytest.raises(Problem, match="not_found"):
            await _find_no_wallet(database)
        async with database.transaction() as connection:
            assert isinstance(await begin(connection, request(), new_id), Fresh)


async def _find_no_wallet(database: Database) -> None:
    async with database.transaction() as connection:
        await begin(connection, request(), new_id)
        raise Problem.not_found("There is no such wallet.")


async def test_the_key_with_another_body_is_refused(empty_database: Empty) -> None:
    async with opened(empty_database) as database:
        async with database.transaction() as connection:
            await begin(connection, request(amount=1), new_id)
        with pytest.raises(Problem) as refused:
            async with database.transaction() as connection:
                await begin(connection, request(amount=2), new_id)
        assert (refused.value.status, refused.value.code) == (422, "idempotency_key_reused")


async def test_the_same_key_in_another_scope_is_another_request(empty_database: Empty) -> None:
    async with opened(empty_database) as database:
        async with database.transaction() as connection:
            one = await begin(connection, request(), new_id)
            other = await begin(connection, request(scope=canonical_hash("elsewhere"), amount=2), new_id)
        assert isinstance(one, Fresh)
        assert isinstance(other, Fresh)
        assert one != other


async def test_16_equal_requests_at_once_have_one_effect(empty_database: Empty) -> None:
    async with opened(empty_database) as database:
        outcomes = await asyncio.gather(*[_deposit(database) for _ in range(16)], return_exceptions=True)
        fresh = [outcome for outcome in outcomes if isinstance(outcome, Fresh)]
        stored = [outcome for outcome in outcomes if isinstance(outcome, Stored)]
        refused = [outcome.code for outcome in outcomes if isinstance(outcome, Problem)]
        assert len(fresh) == 1
        assert len(fresh) + len(stored) + len(refused) == 16
        assert set(refused) <= {"idempotency_in_flight"}
        assert set(stored) <= {Stored(201, b"{}")}
        assert await _deposit(database) == Stored(201, b"{}")


async def _deposit(database: Database) -> Fresh | Resumed | Stored:
    async with database.transaction() as connection:
        outcome = await begin(connection, request(), new_id)
        if not isinstance(outcome, Stored):
            await connection.execute("SELECT pg_sleep(0.02)")
            await finish(connection, request(), 201, b"{}")
        return outcome


async def test_the_lock_of_a_killed_holder_is_free_at_once(empty_database: Empty) -> None:
    async with opened(empty_database) as database:
        with pytest.raises(Problem, match="dependency_unavailable"):
            await _die_holding(database)
        async with database.transaction() as connection:
            assert isinstance(await begin(connection, request(), new_id), Fresh)


async def _die_holding(database: Database) -> None:
    async with database.transaction() as holder:
        await begin(holder, request(), new_id)
        async with database.transaction() as connection:
            with pytest.raises(Problem, match="idempotency_in_flight"):
                await begin(connection, request(), new_id)
            await connection.execute("SELECT pg_terminate_backend($1, 5000)", holder.get_server_pid())


async def test_the_first_stored_answer_counts(empty_database: Empty) -> None:
    async with opened(empty_database) as database, database.transaction() as connection:
        await begin(connection, request(), new_id)
        assert await finish(connection, request(), 201, b"one") == Stored(201, b"one")
        assert await finish(connection, request(), 409, b"two") == Stored(201, b"one")


async def test_requests_are_forgotten_after_seven_days(empty_database: Empty) -> None:
    async with opened(empty_database) as database:
        async with database.transaction() as connection:
            for number in range(5):
                await begin(connection, request(f"key {number}"), new_id)
            await connection.execute(
                "UPDATE idempotency SET created_at = now() - interval '169 hours' WHERE key <> 'key 0'"
            )
        async with database.transaction() as connection:
            assert await sweep(connection, 3) == 3
            assert await sweep(connection, 3) == 1
            assert isinstance(await begin(connection, request("key 0"), new_id), Resumed)
            assert isinstance(await begin(connection, request("key 1"), new_id), Fresh)


async def test_they_are_forgotten_batch_after_batch_by_a_task_that_outlives_an_outage(
    empty_database: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def away_at_first(connection: Connection, limit: int) -> int:
        asked.append(limit)
        if len(asked) == 1:
            raise DependencyUnavailable("own", "The database does not answer.")
        return await sweep(connection, limit)

    monkeypatch.setattr(idempotency, "sweep", away_at_first)
    for name, value in (("_AT_ONCE", 2), ("_AWAY_SECONDS", 0.01), ("_BETWEEN_SECONDS", 0.0)):
        monkeypatch.setattr(forgetting, name, value)
    async with opened(empty_database) as database:
        async with database.transaction() as connection:
            for number in range(5):
                await begin(connection, request(f"key {number}"), new_id)
            await connection.execute("UPDATE idempotency SET created_at = now() - interval '169 hours'")
        stop = asyncio.Event()
        running = asyncio.ensure_future(forget_requests(database).run(stop))
        async with asyncio.timeout(10), database.connection() as connection:
            while await connection.fetchval("SELECT count(*) FROM idempotency"):
                await asyncio.sleep(0.01)
        stop.set()
        await running
    assert asked == [2] * 4
