"""What the other integration tests stand on."""

from collections.abc import Callable

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.databases import FreshDatabase

Empty = Callable[[], FreshDatabase]


@pytest.mark.parametrize("attempt", range(2))
async def test_a_database_holds_nothing_of_another_test(empty_database: Empty, attempt: int) -> None:
    connection = await asyncpg.connect(empty_database().url)
    await connection.execute("CREATE TABLE mark (n int)")
    assert await connection.fetchval("SELECT count(*) FROM mark") == 0
    await connection.close()


async def test_the_server_is_of_the_version_that_ships(empty_database: Empty) -> None:
    connection = await asyncpg.connect(empty_database().url)
    assert int(await connection.fetchval("SHOW server_version_num")) >= 160_000
    await connection.close()


@given(number=st.integers(min_value=0, max_value=9))
async def test_a_property_may_be_a_coroutine(number: int) -> None:
    assert number < 10
