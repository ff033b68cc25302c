"""The pool and the unit of work, on a server that hangs, dies and comes back."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.support.databases import FreshDatabase
from tests.support.event_log import until
from tests.support.tcp_proxy import TcpProxy, proxied
from waqiti.foundation.database import Database, is_retryable
from waqiti.foundation.errors import DependencyUnavailable

Empty = Callable[[], FreshDatabase]


@asynccontextmanager
async def opened(url: str, max_size: int = 4, min_idle: int = 1) -> AsyncIterator[Database]:
    database = await Database.open(url, name="books", max_size=max_size, min_idle=min_idle)
    try:
        yield database
    finally:
        await database.close()


async def count(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM coins"))


async def create_coins(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE coins (n integer PRIMARY KEY)")


async def insert(database: Database, number: int, failure: Exception | None = None) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO coins VALUES ($1)", number)
        if failure is not None:
            raise failure


async def hold(database: Database, seconds: float) -> None:
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_sleep($1)", seconds)


async def test_a_transaction_commits_on_leaving_and_rolls_back_on_an_exception(empty_database: Empty) -> None:
    async with opened(empty_database().url) as database:
        await create_coins(database)
        await insert(database, 1)
        with pytest.raises(ValueError, match="no"):
            await insert(database, 2, ValueError("no"))
        assert await count(database) == 1
        assert database.counts.lent == 0


async def test_a_statements_own_error_is_passed_on_and_says_whether_a_retry_may_help(empty_database: Empty) -> None:
    async with opened(empty_database().url) as database:
        await create_coins(database)
        await insert(database, 1)
        with pytest.raises(asyncpg.UniqueViolationError) as error:
            await insert(database, 1)
        assert is_retryable(error.value)
        with pytest.raises(asyncpg.DataError) as error_of_data:
            await insert(database, 2**40)
        assert not is_retryable(error_of_data.value)
        assert await count(database) == 1


async def test_sessions_carry_the_timeouts_of_a_service_and_the_name_of_the_pool(empty_database: Empty) -> None:
    async with opened(empty_database().url) as database, database.connection() as connection:
        settings = [
            await connection.fetchval("SELECT current_setting($1)", name)
            for name in ("lock_timeout", "idle_in_transaction_session_timeout", "application_name")
        ]
        assert settings == ["2s", "10s", "books"]


async def test_callers_share_few_connections_in_turn(empty_database: Empty) -> None:
    async with opened(empty_database().url, max_size=2) as database:
        await asyncio.gather(*[hold(database, 0.005) for _ in range(50)])
        assert (database.counts.size, database.counts.idle) == (2, 2)


async def test_an_exhausted_pool_is_a_503_and_its_log_has_name_and_counts(
    empty_database: Empty, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(empty_database().url, max_size=1) as database:
        holding = asyncio.create_task(hold(database, 2.4))
        await until(lambda: database.counts.lent == 1, "the connection is lent")
        with caplog.at_level(logging.ERROR), pytest.raises(DependencyUnavailable) as refused:
            await database.ping()
        assert (refused.value.status, refused.value.retry_after_seconds) == (503, 1)
        assert "pool books is exhausted" in caplog.text
        assert "size=1, idle=0, lent=1" in caplog.text
        await holding
        await database.ping()


async def test_cancelled_callers_lose_no_connection(empty_database: Empty) -> None:
    async with opened(empty_database().url, max_size=2) as database:
        callers = [asyncio.create_task(hold(database, 0.02)) for _ in range(40)]
        for position, caller in enumerate(callers):
            await asyncio.sleep(0.004)
            if position % 3:
                caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        await asyncio.gather(*[database.ping() for _ in range(4)])
        assert database.counts.lent == 0
        assert database.counts.size == database.counts.idle <= 2


async def test_a_lock_that_is_not_granted_in_time_is_a_503(empty_database: Empty) -> None:
    async with opened(empty_database().url) as database:
        await create_coins(database)
        async with database.transaction() as connection:
            await connection.execute("LOCK TABLE coins")
            with pytest.raises(DependencyUnavailable):
                await insert(database, 1)
        assert await count(database) == 0


async def test_a_session_that_is_ended_is_a_503_and_the_next_caller_gets_another(empty_database: Empty) -> None:
    async with opened(empty_database().url) as database:
        with pytest.raises(DependencyUnavailable):
            async with database.transaction() as connection:
                await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await database.ping()


async def test_a_pool_opens_while_the_server_is_down_and_connects_when_it_comes(empty_database: Empty) -> None:
    async with proxied(empty_database().url) as (url, proxy):
        await proxy.refuse()
        async with opened(url) as database:
            with pytest.raises(DependencyUnavailable):
                await database.ping()
            await proxy.start()
            await _answers_within(database, 5.0)


async def test_a_killed_server_is_a_503_at_once_and_the_pool_heals_by_itself(empty_database: Empty) -> None:
    async with proxied(empty_database().url) as (url, proxy), opened(url, min_idle=2) as database:
        waiting = asyncio.create_task(hold(database, 30))
        await until(lambda: database.counts.lent == 1, "a statement runs")
        await proxy.refuse()
        with pytest.raises(DependencyUnavailable):
            await waiting
        with pytest.raises(DependencyUnavailable):
            await database.ping()
        await proxy.start()
        await _answers_within(database, 5.0)
        await until(lambda: database.counts.idle >= 2, "the pool is filled again")
        assert database.counts.size == database.counts.idle <= 3


async def test_a_server_that_hangs_is_a_503_within_two_seconds(empty_database: Empty) -> None:
    async with proxied(empty_database().url) as (url, proxy), opened(url) as database:
        await database.ping()
        proxy.hang()
        assert await _seconds_to_refusal(database, proxy) < 2.0
        assert await _seconds_to_refusal(database, proxy) < 0.1
        proxy.flow()
        await _answers_within(database, 5.0)


async def _seconds_to_refusal(database: Database, proxy: TcpProxy) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(DependencyUnavailable):
        await hold(database, 0)
    return loop.time() - began


async def _answers_within(database: Database, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await database.ping()
            except DependencyUnavailable:
                await asyncio.sleep(0.02)


async def test_a_slow_statement_on_a_healthy_server_is_left_alone(empty_database: Empty) -> None:
    async with opened(empty_database().url) as database:
        await hold(database, 1.5)
        assert not database.is_away


async def test_a_pool_that_shrinks_closes_what_is_idle_at_once_and_what_is_lent_as_it_comes_back(
    empty_database: Empty,
) -> None:
    async with opened(empty_database().url, max_size=4, min_idle=4) as database:
        lent = [asyncio.create_task(hold(database, 0.3)) for _ in range(3)]
        await until(lambda: database.counts.lent == 3, "three are lent")
        database.resize(1, 1)
        assert (database.counts.size, database.counts.idle, database.counts.max_size) == (3, 0, 1)
        await database.ping()
        await asyncio.gather(*lent)

        assert database.counts.size == 1
        await asyncio.gather(*(database.ping() for _ in range(20)))
        assert database.counts.size == 1


async def test_a_pool_that_grows_serves_those_who_wait_at_once_and_keeps_more_idle(empty_database: Empty) -> None:
    async with opened(empty_database().url, max_size=1, min_idle=1) as database:
        waiting = [asyncio.create_task(hold(database, 0.5)) for _ in range(4)]
        await until(lambda: database.counts.waiting == 3, "three wait")
        database.resize(4, 3)
        await until(lambda: database.counts.lent == 4, "all are served")
        await asyncio.gather(*waiting)

        assert database.counts.size == 4
        database.resize(8, 6)
        await until(lambda: database.counts.idle == 6, "six are kept")


async def test_no_pool_keeps_more_idle_than_it_may_open(empty_database: Empty) -> None:
    async with opened(empty_database().url) as database:
        database.resize(2, 50)
        await asyncio.sleep(0.6)

        assert database.counts.size <= 2
