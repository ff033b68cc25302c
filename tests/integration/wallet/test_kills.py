"""Kill -9 of whoever drives a movement, at every point where it waits for something."""

import asyncio
import sys
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
import pytest

from tests.integration.wallet import killed_driver
from tests.integration.wallet.conftest import ALL, visited
from tests.integration.wallet.test_movements import becomes, rows_of
from tests.support.house import House
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, WALLET
from waqiti.foundation.ids import decode, new_id
from waqiti.services.wallet.domain.movements import FIRST_STEP, Kind

MOST_SUSPENSIONS = 150
AMOUNT = 7
FUNDS = MOST_SUSPENSIONS * AMOUNT

_INSERT = """
INSERT INTO movements (id, kind, wallet_id, customer_id, amount, currency, rail, reference, step, next_at, created_at,
    changed_at)
SELECT unnest($1::uuid[]), $2, w.id, w.customer_id, $3, 'EUR', 'sandbox', $4, $5, now(), now(), now()
FROM wallets w WHERE w.id = $6
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("kind", "reference", "ends", "per_movement"),
    [
        ("deposit", None, "settled", AMOUNT),
        ("deposit", "sandbox:lose-answer", "settled", AMOUNT),
        ("withdrawal", None, "settled", -AMOUNT),
        ("withdrawal", "sandbox:fail,duplicate", "failed", 0),
        ("withdrawal", "sandbox:return", "returned", 0),
    ],
)
async def test_a_movement_ends_once_wherever_its_driver_was_killed(
    house: House, kind: Kind, reference: str | None, ends: str, per_movement: int
) -> None:
    async with house.serving(ALL, role="api") as addresses:
        wallet = await visited(house, addresses).wallet(funds=FUNDS)
        movements = await _stored(house, wallet, kind, reference)

        kills = await _kill_at_every_suspension(house, addresses, movements)

        assert 10 < kills < MOST_SUSPENSIONS
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        await rows_of(bank, "UPDATE movements SET leased_until = now() WHERE lease IS NOT NULL RETURNING 1")
        await becomes(lambda: rows_of(bank, "SELECT DISTINCT status FROM movements WHERE amount = 7"), [(ends,)])

        balance = FUNDS + per_movement * len(movements)
        assert await bank.balance(wallet) == (balance, 0, balance)
        orders = "SELECT count(*), count(DISTINCT reference) FROM sandbox_rail.orders WHERE amount = 7"
        assert await rows_of(bank, orders) == [(len(movements), len(movements))]


async def _stored(house: House, wallet: str, kind: Kind, reference: str | None) -> list[UUID]:
    ids = [new_id() for _ in range(MOST_SUSPENSIONS)]
    connection = await asyncpg.connect(house.databases[WALLET].admin_url)
    await connection.execute(_INSERT, ids, kind, AMOUNT, reference, FIRST_STEP[kind], decode("wal", wallet))
    await connection.close()
    return ids


async def _kill_at_every_suspension(house: House, addresses: dict[str, str], movements: Sequence[UUID]) -> int:
    """Drive the n-th movement until its n-th suspension; return how many were killed before one came through."""
    orders = killed_driver.Orders(
        database_url=house.databases[WALLET].url,
        urls={name: addresses[name] for name in (LEDGER, COMPLIANCE, FRAUD)},
        authorization=house.issuer(WALLET).authorization().decode(),
        movements=list(movements),
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", killed_driver.__name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(msgspec.json.encode(orders))
    *killed, last = [line for line in output.decode().splitlines() if line in ("killed", "done")]
    assert (set(killed), last, process.returncode) == ({"killed"}, "done", 0), output
    return len(killed)
