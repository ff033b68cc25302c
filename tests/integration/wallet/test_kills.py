"""Kill -9 of whoever drives a movement, at every point where it waits for something."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from tests.integration.wallet import killed_driver, killed_freezer
from tests.integration.wallet.conftest import ALL, visited
from tests.integration.wallet.test_movements import becomes, rows_of
from tests.support.house import House
from tests.support.killing import kill_at_every_suspension
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, WALLET
from waqiti.foundation.ids import decode, new_id
from waqiti.services.wallet.domain.movements import FIRST_STEP, Kind

MOST_SUSPENSIONS = 150
MOST_FREEZES = 40
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


@pytest.mark.timeout(120)
async def test_a_frozen_wallet_says_who_froze_it_wherever_the_one_who_did_was_killed(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallets = [await bank.wallet(customer=customer) for _ in range(MOST_FREEZES)]
        await bank.deposit(wallets[0], AMOUNT)
        frozen = ("freeze", "all", killed_freezer.REASON, killed_freezer.ACTOR, WALLET)

        kills = await kill_at_every_suspension(
            killed_freezer, killed_freezer.Orders(*_places(house, addresses), [_uuid(wallet) for wallet in wallets])
        )

        assert 5 < kills < MOST_FREEZES
        for wallet in wallets[: kills + 1]:
            status = (await bank.wallets.get(f"/v1/wallets/{wallet}")).document()["status"]
            assert (status, await bank.flag_changes(wallet)) in (("active", []), ("frozen", [frozen])), wallet
        assert await bank.flag_changes(wallets[kills]) == [frozen]
        assert await bank.balance(wallets[0]) == (AMOUNT, 0, AMOUNT)


def _uuid(wallet: str) -> UUID:
    found = decode("wal", wallet)
    assert found is not None
    return found


async def _stored(house: House, wallet: str, kind: Kind, reference: str | None) -> list[UUID]:
    ids = [new_id() for _ in range(MOST_SUSPENSIONS)]
    connection = await asyncpg.connect(house.databases[WALLET].admin_url)
    await connection.execute(_INSERT, ids, kind, AMOUNT, reference, FIRST_STEP[kind], decode("wal", wallet))
    await connection.close()
    return ids


async def _kill_at_every_suspension(house: House, addresses: dict[str, str], movements: Sequence[UUID]) -> int:
    """Drive the n-th movement until its n-th suspension; return how many were killed before one came through."""
    orders = killed_driver.Orders(*_places(house, addresses), list(movements))
    return await kill_at_every_suspension(killed_driver, orders)


def _places(house: House, addresses: dict[str, str]) -> tuple[str, dict[str, str], str]:
    """Return the database, the addresses and the token of wallet-service, for a process of its own."""
    urls = {name: addresses[name] for name in (LEDGER, COMPLIANCE, FRAUD)}
    return house.databases[WALLET].url, urls, house.issuer(WALLET).authorization().decode()
