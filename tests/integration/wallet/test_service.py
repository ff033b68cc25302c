"""wallet-service as a process: however it ends, it leaves nothing open behind."""

import asyncpg
import pytest

from tests.integration.wallet.conftest import ALL, visited
from tests.support.house import House
from waqiti.contracts.catalog import LEDGER, WALLET


async def connections(house: House) -> int:
    """Count who is connected to wallet-service's database."""
    database = house.databases[WALLET]
    connection = await asyncpg.connect(house.databases[LEDGER].admin_url)
    found = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", database.url.rpartition("/")[2].partition("?")[0]
    )
    await connection.close()
    return int(found)


async def test_a_service_that_an_error_ends_closes_its_database(house: House) -> None:
    with pytest.raises(RuntimeError, match="elsewhere") as raised:
        await work_until_something_fails(house)

    assert await connections(house) == 0, raised


async def work_until_something_fails(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        wallet = await bank.wallet(funds=5)
        assert await bank.balance(wallet) == (5, 0, 5)
        assert await connections(house) > 0
        raise RuntimeError("something failed elsewhere")
