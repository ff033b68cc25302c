"""What the database refuses by itself, whoever asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import transfer
from tests.support.ledger_desk import LedgerDesk, hold, void
from waqiti.contracts.catalog import LEDGER
from waqiti.foundation.ids import new_id

HISTORY = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'ledger'
WHERE c.relkind IN ('r', 'p') AND c.relname ~ '^(transfers|entries)(_|$)' ORDER BY 1
"""
CHANGES = (
    "UPDATE {table} SET recorded_at = recorded_at",
    "UPDATE {table} SET currency = 'USD' WHERE false",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
)
_ENTRY = """
INSERT INTO {table} (transfer_id, account_id, version, posted_change, pending_change, posted, pending_debits,
                     pending_credits, recorded_at, currency)
SELECT $1, id, version + 1, change, 0, 0, 0, 0, now(), 'EUR'
FROM ledger.accounts JOIN unnest($2::uuid[], $3::bigint[]) AS n (account, change) ON id = account
"""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def moved(ledger: LedgerDesk) -> None:
    """Post, hold and release, with ids of this month, and of a time that only the default partition has."""
    payer, payee = await ledger.wallet(1_000), await ledger.wallet()
    item = hold(payer, payee, 10)
    old = type(payer)(int=new_id().int & ((1 << 80) - 1))
    await ledger.post(item, void(item), transfer(payer, payee, 5), transfer(payer, payee, 5, id=old))


async def test_history_cannot_be_changed_by_the_service_for_want_of_privileges(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        await moved(ledger)
        tables = [row[0] for row in await ledger.rows(HISTORY)]
        assert len(tables) == 2 * (1 + 4 + 1), "parents, four months and the default"
        async with connected(ledger.house.databases[LEDGER].url) as service:
            for table in tables:
                for change in CHANGES:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                        await service.execute(change.format(table=table))


@pytest.mark.parametrize("who", ["owner", "superuser"])
async def test_history_cannot_be_changed_by_who_owns_it_either_nor_by_naming_a_partition(
    open_ledger: OpenLedger, who: str
) -> None:
    async with open_ledger() as ledger:
        await moved(ledger)
        fresh = ledger.house.databases[LEDGER]
        tables = [row[0] for row in await ledger.rows(HISTORY)]
        async with connected(fresh.migrator_url if who == "owner" else fresh.admin_url) as connection:
            for table in tables:
                for change in CHANGES:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="what was recorded stays"):
                        await connection.execute(change.format(table=table))
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="what was recorded stays"):
                await connection.execute("TRUNCATE ledger.accounts, ledger.transfers CASCADE")


async def test_partitions_made_later_are_protected_as_those_that_came_with_the_tables(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        before = {row[0] for row in await ledger.rows(HISTORY)}
        async with connected(ledger.house.databases[LEDGER].url) as service:
            assert await service.fetchval("SELECT ledger.create_partitions(5)") == 4
            assert await service.fetchval("SELECT ledger.create_partitions(5)") == 0
        added = {row[0] for row in await ledger.rows(HISTORY)} - before
        assert len(added) == 4
        for table in added:
            for change in CHANGES:
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="what was recorded stays"):
                    await ledger.rows(change.format(table=table))
        for table in (name for name in added if "entries" in name):
            indexes = "SELECT count(*) FROM pg_index WHERE indrelid = $1::text::regclass AND indisunique"
            assert await ledger.rows(indexes, table) == [(1,)]


async def test_entries_that_do_not_balance_are_refused_into_whichever_table(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        await moved(ledger)
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        fresh = ledger.house.databases[LEDGER]
        month = next(row[0] for row in await ledger.rows(HISTORY) if "entries_2" in row[0])
        old = type(payer)(int=new_id().int & ((1 << 80) - 1))
        tries = (
            (fresh.url, "ledger.entries", new_id()),
            (fresh.migrator_url, "ledger.entries", new_id()),
            (fresh.migrator_url, month, new_id()),
            (fresh.migrator_url, "ledger.entries_default", old),
            (fresh.admin_url, "ledger.entries", old),
        )
        for url, table, transfer_id in tries:
            async with connected(url) as connection:
                for changes in ([-5, 4], [5, 5], [-5, None]):
                    with pytest.raises(asyncpg.CheckViolationError, match="do not balance"):
                        await connection.execute(
                            _ENTRY.format(table=table),
                            transfer_id,
                            [payer, payee] if changes[1] else [payer],
                            [change for change in changes if change],
                        )


async def test_two_transfers_that_balance_only_together_are_refused(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        statement = _ENTRY.format(table="ledger.entries").replace("SELECT $1, id", "SELECT gen_random_uuid(), id")
        async with connected(ledger.house.databases[LEDGER].url) as service:
            with pytest.raises(asyncpg.CheckViolationError, match="do not balance"):
                await service.execute(statement.replace("$2", "$1").replace("$3", "$2"), [payer, payee], [-5, 5])


async def test_available_money_below_the_minimum_is_refused(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet, credit_line = await ledger.wallet(100), await ledger.wallet(100, minimum=-50)
        async with connected(ledger.house.databases[LEDGER].url) as service:
            for account, most in ((wallet, 100), (credit_line, 150)):
                for column in ("posted_debits", "pending_debits"):
                    spend = f"UPDATE ledger.accounts SET {column} = {column} + $2 WHERE id = $1"  # noqa: S608
                    with pytest.raises(asyncpg.CheckViolationError, match="available_at_least_minimum"):
                        await service.execute(spend, account, most + 1)
                    undone = service.transaction()
                    await undone.start()
                    await service.execute(spend, account, most)
                    await undone.rollback()
        assert await ledger.money(wallet, credit_line) == [(100, 0), (100, 0)]


async def test_the_service_may_change_balances_flags_and_resolutions_and_nothing_else(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        await moved(ledger)
        async with connected(ledger.house.databases[LEDGER].url) as service:
            for statement in (
                "UPDATE ledger.accounts SET minimum = NULL",
                "UPDATE ledger.accounts SET currency = 'USD'",
                "DELETE FROM ledger.accounts",
                "UPDATE ledger.holds SET amount = 1",
                "UPDATE ledger.holds SET expires_at = NULL",
                "DELETE FROM ledger.holds",
                "UPDATE ledger.refund_totals SET moved = 1",
                "DELETE FROM ledger.refund_totals",
                "UPDATE ledger.flag_changes SET reason = ''",
                "DELETE FROM ledger.flag_changes",
                "ALTER TABLE ledger.entries DISABLE TRIGGER ALL",
                "DROP TABLE ledger.entries_default",
                "CREATE TABLE ledger.mine ()",
                "SET session_replication_role = replica",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await service.execute(statement)


async def test_a_hold_cannot_be_resolved_twice_nor_more_be_given_back_than_was_moved(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        await moved(ledger)
        async with connected(ledger.house.databases[LEDGER].url) as service:
            for resolver in (new_id(), None):
                with pytest.raises(asyncpg.CheckViolationError, match="already resolved"):
                    await service.execute("UPDATE ledger.holds SET resolved_by = $1", resolver)
            with pytest.raises(asyncpg.CheckViolationError, match="refunded_at_most_moved"):
                await service.execute("INSERT INTO ledger.refund_totals VALUES ($1, 5, 6)", new_id())


async def test_a_known_id_or_version_is_refused_by_the_tables_themselves(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        await moved(ledger)
        async with connected(ledger.house.databases[LEDGER].url) as service:
            for copy in (
                "INSERT INTO ledger.transfers SELECT * FROM ledger.transfers",
                "INSERT INTO ledger.entries SELECT * FROM ledger.entries",
            ):
                with pytest.raises(asyncpg.UniqueViolationError):
                    await service.execute(copy)
