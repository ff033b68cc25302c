"""What the database itself refuses of deposits and withdrawals, and who may drive one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import get_args

import asyncpg
import msgspec
import pytest

from tests.support.databases import FreshDatabase
from waqiti.contracts.public.wallets import MovementStatus
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.ids import new_id
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.movements import PREFIXES, Change, Kind, MovementRow, allowed, later
from waqiti.services.wallet.usecases.attempts import MAX_RUNNING, Attempts
from waqiti.services.wallet.usecases.driving import Driver

MakeDatabase = Callable[[str], FreshDatabase]


@asynccontextmanager
async def opened(fresh_database: MakeDatabase) -> AsyncIterator[Database]:
    database = await Database.open(fresh_database("wallet-service").url, name="wallets")
    yield database
    await database.close()


def movement(kind: Kind = "deposit") -> MovementRow:
    now = utc_now()
    return MovementRow(
        id=new_id(),
        kind=kind,
        wallet_id=new_id(),
        customer_id=new_id(),
        amount=500,
        currency="EUR",
        rail="sandbox",
        reference=None,
        status="pending",
        step="rail",
        failure_code=None,
        failure_detail=None,
        rail_reference=None,
        review=None,
        verdict=None,
        capture_round=0,
        attempts=0,
        lease=new_id(),
        created_at=now,
        changed_at=now,
    )


async def stored(database: Database, row: MovementRow) -> MovementRow:
    async with database.transaction() as connection:
        assert await store.movements.insert(connection, row, "key_api")
    return row


async def advanced(database: Database, row: MovementRow, change: Change) -> MovementRow | None:
    async with database.transaction() as connection:
        return await store.movements.advance(connection, row, change)


async def test_code_and_database_hold_the_same_state_table(fresh_database: MakeDatabase) -> None:
    statuses: tuple[MovementStatus, ...] = get_args(MovementStatus)
    async with opened(fresh_database) as database, database.connection() as connection:
        for kind in PREFIXES:
            for before in statuses:
                for after in statuses:
                    may = await connection.fetchval("SELECT movement_may_go($1, $2, $3)", kind, before, after)
                    assert may == allowed(kind, before, after), (kind, before, after)


@pytest.mark.parametrize(
    "change",
    [
        "status = 'returned', failure_code = 'x', failure_detail = 'x', rail_reference = 'x'",
        "status = 'in_review'",
        "status = 'settled'",
        "status = 'declined'",
        "amount = amount + 1",
        "wallet_id = gen_random_uuid()",
        "currency = 'USD'",
        "kind = 'withdrawal'",
        "step = 'nowhere'",
    ],
)
async def test_the_database_refuses_what_no_movement_may_become(fresh_database: MakeDatabase, change: str) -> None:
    async with opened(fresh_database) as database:
        row = await stored(database, movement())
        async with database.connection() as connection:
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(f"UPDATE movements SET {change} WHERE id = $1", row.id)  # noqa: S608


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM movements",
        "TRUNCATE movements",
        "DELETE FROM movement_transitions",
        "UPDATE movement_transitions SET reason = 'other'",
        "DELETE FROM wallets",
        "UPDATE sandbox_rail.orders SET amount = 1",
    ],
)
async def test_nothing_that_happened_can_be_undone_by_the_service(fresh_database: MakeDatabase, statement: str) -> None:
    async with opened(fresh_database) as database, database.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_two_movements_never_share_a_rail_reference(fresh_database: MakeDatabase) -> None:
    arrived = Change(status="pending", step="arrived", reason="rail_settled", rail_reference="sbx_1")
    async with opened(fresh_database) as database:
        first, second = await stored(database, movement()), await stored(database, movement())
        assert await advanced(database, first, arrived) is not None

        with pytest.raises(asyncpg.UniqueViolationError):
            await advanced(database, second, arrived)


async def test_every_transition_is_logged_with_its_reason_and_staying_is_not(fresh_database: MakeDatabase) -> None:
    async with opened(fresh_database) as database:
        row = await stored(database, movement())
        arrived = Change(status="pending", step="arrived", reason="rail_settled", rail_reference="sbx_1")
        row = await advanced(database, row, arrived) or row
        await advanced(database, row, Change(status="settled", step="resolve", reason="posted"))

        async with database.connection() as connection:
            log = await connection.fetch(
                "SELECT before, after, actor, reason FROM movement_transitions WHERE movement_id = $1 ORDER BY number",
                row.id,
            )
    assert [tuple(entry) for entry in log] == [
        (None, "pending", "key_api", "asked"),
        ("pending", "settled", "wallet-service", "posted"),
    ]


async def test_who_lost_the_lease_changes_nothing_any_more(fresh_database: MakeDatabase) -> None:
    async with opened(fresh_database) as database:
        zombie = await stored(database, movement())
        async with database.connection() as connection:
            await connection.execute("UPDATE movements SET leased_until = now() - interval '1 second'")
        (taken,) = await _claimed(database)
        assert taken.id == zombie.id

        assert await advanced(database, zombie, later(zombie, "late")) is None
        assert await advanced(database, taken, later(taken, "in time")) is not None


async def test_a_leased_movement_is_nobody_elses(fresh_database: MakeDatabase) -> None:
    async with opened(fresh_database) as database:
        row = await stored(database, movement())

        assert await _claimed(database) == []
        async with database.transaction() as connection:
            assert await store.movements.claim_one(connection, row.id, new_id()) is None


async def test_the_seventeenth_attempt_waits_for_nobody_and_is_the_workers(
    fresh_database: MakeDatabase,
) -> None:
    driven: list[MovementRow] = []
    go_on = asyncio.Event()

    async def blocked(row: MovementRow) -> Change:
        driven.append(row)
        await go_on.wait()
        return later(row, "rail_accepted")

    async with opened(fresh_database) as database:
        attempts = Attempts(Driver(database, {("deposit", "rail"): blocked}))
        rows = [await stored(database, movement()) for _ in range(MAX_RUNNING + 1)]
        begun = [asyncio.create_task(attempts.drive(row)) for row in rows[:MAX_RUNNING]]
        while len(driven) < MAX_RUNNING:
            await asyncio.sleep(0)

        assert await attempts.drive(rows[-1]) is None

        assert not any(task.done() for task in begun)
        assert [row.id for row in await _claimed(database)] == [rows[-1].id]
        go_on.set()
        assert [row is not None and row.lease is None for row in await asyncio.gather(*begun)] == [True] * MAX_RUNNING
        await attempts.close()
    assert {row.id for row in driven} == {row.id for row in rows[:MAX_RUNNING]}


async def test_eight_claimers_at_once_share_forty_movements_without_one_twice(fresh_database: MakeDatabase) -> None:
    async with opened(fresh_database) as database:
        rows = [await stored(database, movement()) for _ in range(40)]
        async with database.connection() as connection:
            await connection.execute("UPDATE movements SET lease = NULL, leased_until = NULL")

        shares = await asyncio.gather(*(_claimed(database, limit=5) for _ in range(8)))

    claimed = [row.id for share in shares for row in share]
    assert sorted(claimed) == sorted(row.id for row in rows)


async def test_a_movement_that_rests_is_due_again_after_its_pause_which_grows(fresh_database: MakeDatabase) -> None:
    async with opened(fresh_database) as database:
        row = await stored(database, movement())
        pauses = []
        for _ in range(7):
            change = later(row, "rail_accepted")
            rested = await advanced(database, row, change)
            assert rested is not None
            assert rested.lease is None
            assert await _claimed(database) == []
            pauses.append(change.pause.total_seconds() if change.pause else 0)
            async with database.connection() as connection:
                await connection.execute("UPDATE movements SET next_at = now()")
            (row,) = await _claimed(database)

    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


async def test_an_ended_movement_is_never_due(fresh_database: MakeDatabase) -> None:
    async with opened(fresh_database) as database:
        row = await stored(database, movement())
        failed = Change(status="failed", step="done", reason="rail_failed", failure=None)
        with pytest.raises(asyncpg.CheckViolationError):
            await advanced(database, row, failed)
        row = msgspec.structs.replace(row)
        async with database.connection() as connection:
            await connection.execute(
                "UPDATE movements SET status = 'failed', step = 'done', failure_code = 'x', failure_detail = 'x', "
                "next_at = NULL, lease = NULL, leased_until = NULL"
            )
            assert await store.movements.wake(connection, [row.id]) == set()
            assert await store.movements.waiting_for_rail(connection, [row.id]) == set()
        assert await _claimed(database) == []


async def _claimed(database: Database, limit: int = 10) -> list[MovementRow]:
    async with database.transaction() as connection:
        return await store.movements.claim(connection, new_id(), limit)
