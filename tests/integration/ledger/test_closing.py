"""Closed periods: nothing is added to them, whoever tries and whenever the close comes."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import uuid4

import asyncpg
import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.integration.ledger.test_guards import HISTORY, connected
from tests.integration.ledger.test_trial_balance import read
from tests.support.house import OPERATOR_KEY
from tests.support.ledger_batches import FAR_AHEAD, transfer
from tests.support.ledger_desk import LedgerDesk, capture, expire, hold, outcomes, void
from tests.support.raw import Answer
from waqiti.contracts.catalog import LEDGER
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.ids import new_id
from waqiti.services.ledger.usecases.posting import post_in

INSTANT = timedelta(microseconds=1)
_ENTRY = """
INSERT INTO {table} (transfer_id, account_id, version, posted_change, pending_change, posted, pending_debits,
                     pending_credits, recorded_at, effective_at, currency)
SELECT $1, id, version + 1, change, 0, 0, 0, 0, now(), $4, 'EUR'
FROM ledger.accounts JOIN unnest($2::uuid[], $3::bigint[]) AS n (account, change) ON id = account
"""
_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def yesterday() -> date:
    return utc_now().date() - timedelta(days=1)


def end_of(day: date) -> datetime:
    """Return the last instant of a day."""
    return datetime.combine(day, time(), UTC) + timedelta(days=1) - INSTANT


async def closing(ledger: LedgerDesk, through: date, *, key: str | None = None, replica: int = 0) -> Answer:
    """Close the books as an operator."""
    visitor = ledger.house.client(ledger.addresses[replica], OPERATOR_KEY)
    body = {"through": through.isoformat(), "reason": "Reconciled"}
    return await visitor.post("/v1/ledger/closes", body, idempotency_key=key)


async def closed(ledger: LedgerDesk, through: date, *, replica: int = 0) -> Any:
    answer = await closing(ledger, through, replica=replica)
    assert answer.status == 200, answer.body
    return answer.document()


async def test_nothing_counts_from_a_closed_period_and_everything_from_the_day_after(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        last = end_of(yesterday())
        held = [hold(payer, payee, 10, expires_at=FAR_AHEAD) for _ in range(3)]
        await ledger.post(*held, transfer(payer, payee, 1, effective_at=last))

        document = await closed(ledger, yesterday())
        late = [
            transfer(payer, payee, 2, effective_at=last),
            hold(payer, payee, 2, effective_at=last),
            capture(held[0], effective_at=last),
            void(held[1], effective_at=last),
            expire(held[2], effective_at=last),
        ]
        refused = await ledger.post(*late)
        posted = await ledger.post(
            transfer(payer, payee, 3, effective_at=last + INSTANT), transfer(payer, payee, 4), capture(held[0])
        )

        assert (document["through"], document["closed_by"]) == (yesterday().isoformat(), "key_operator")
        assert outcomes(refused) == ["period_closed"] * 5
        assert outcomes(posted) == ["posted", "posted", "captured"]
        assert outcomes(await ledger.post(*late)) == ["period_closed"] * 5, "the first outcome stands"
        assert await ledger.money(payer, payee) == [(1_000 - 1 - 3 - 4 - 10, 20), (18, 0)]
        (sums,) = (await read(ledger, f"?date={yesterday()}"))["currencies"]
        assert (sums["debits"], sums["credits"]) == (1, 1)
        assert (await read(ledger, f"?date={yesterday()}"))["closed"] is True
        assert (await read(ledger, f"?date={utc_now().date()}"))["closed"] is False


async def test_what_is_asked_without_a_time_is_never_refused_though_the_clock_is_set_back(
    open_ledger: OpenLedger,
) -> None:
    """A close through tomorrow is where a clock that was set back since had closed the day before."""
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        ahead = utc_now().date() + timedelta(days=1)
        insert = "INSERT INTO ledger.closes (id, through, closed_by, reason) VALUES (gen_random_uuid(), $1, 'x', 'x')"
        connection = await asyncpg.connect(ledger.house.databases[LEDGER].admin_url)
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(insert, ahead)
        await connection.close()

        results = await ledger.post(transfer(payer, payee, 5))
        results += await ledger.post(hold(payer, payee, 5, expires_at=FAR_AHEAD))

        assert outcomes(results) == ["posted", "held"]
        assert {result.recorded_at for result in results} == {end_of(ahead) + INSTANT}


async def test_what_an_account_recorded_ahead_of_the_clock_is_before_a_close(open_ledger: OpenLedger) -> None:
    """An hour ahead is where a clock that was set back since had recorded the account's last change."""
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        await ledger.rows("UPDATE ledger.accounts SET last_at = now() + interval '1 hour' WHERE id = $1", payee)
        result = await ledger.one(transfer(payer, payee, 5, effective_at=end_of(yesterday())))
        assert result.recorded_at > utc_now()

        document = await closed(ledger, yesterday())

        assert datetime.fromisoformat(document["closed_at"]) == result.recorded_at


async def test_the_database_refuses_entries_in_a_closed_period_into_whichever_table(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        await closed(ledger, yesterday())
        fresh = ledger.house.databases[LEDGER]
        month = next(row[0] for row in await ledger.rows(HISTORY) if "entries_2" in row[0])
        old = type(payer)(int=new_id().int & ((1 << 80) - 1))
        for url, table, transfer_id in (
            (fresh.url, "ledger.entries", new_id()),
            (fresh.migrator_url, month, new_id()),
            (fresh.migrator_url, "ledger.entries_default", old),
            (fresh.admin_url, "ledger.entries", new_id()),
        ):
            async with connected(url) as connection:
                insert = _ENTRY.format(table=table)
                sides = [payer, payee], [-5, 5]
                with pytest.raises(asyncpg.CheckViolationError, match="is closed"):
                    await connection.execute(insert, transfer_id, *sides, end_of(yesterday()))
                undone = connection.transaction()
                await undone.start()
                await connection.execute(insert, transfer_id, *sides, end_of(yesterday()) + INSTANT)
                await undone.rollback()


@pytest.mark.parametrize("isolation", ["repeatable_read", "serializable"])
async def test_a_transaction_that_cannot_see_the_last_close_writes_nothing(
    open_ledger: OpenLedger, isolation: Literal["repeatable_read", "serializable"]
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        async with connected(ledger.house.databases[LEDGER].url) as service:
            older = service.transaction(isolation=isolation)
            await older.start()
            assert await service.fetchval("SELECT count(*) FROM ledger.closes") == 0
            await closed(ledger, yesterday())
            sides = [payer, payee], [-5, 5]
            with pytest.raises(asyncpg.InvalidTransactionStateError, match="what is committed"):
                await service.execute(_ENTRY.format(table="ledger.entries"), new_id(), *sides, end_of(yesterday()))
            await older.rollback()


async def test_closes_stay_as_they_are_and_follow_each_other_whoever_writes_them(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        await closed(ledger, yesterday() - timedelta(days=1))
        fresh = ledger.house.databases[LEDGER]
        insert = "INSERT INTO ledger.closes (id, through, closed_by, reason) VALUES (gen_random_uuid(), $1, 'x', 'x')"
        async with connected(fresh.url) as service:
            for through in (utc_now().date(), yesterday() - timedelta(days=1), yesterday() - timedelta(days=9)):
                with pytest.raises(asyncpg.CheckViolationError):
                    await service.execute(insert, through)
        for url in (fresh.url, fresh.migrator_url, fresh.admin_url):
            async with connected(url) as connection:
                for change in ("UPDATE ledger.closes SET reason = 'y'", "DELETE FROM ledger.closes"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(change)


async def test_a_close_waits_for_the_batch_that_is_under_way_and_has_it_within(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        early, late = (transfer(payer, payee, 5, effective_at=end_of(yesterday())) for _ in range(2))
        database = await Database.open(ledger.house.databases[LEDGER].url, name=LEDGER)
        async with database.transaction() as connection:
            (result,) = await post_in(connection, [early])
            under_way = asyncio.create_task(closed(ledger, yesterday()))
            while await ledger.rows(_WAITING) != [(1,)]:
                assert not under_way.done()
            behind = asyncio.create_task(ledger.one(late))
            while await ledger.rows(_WAITING) != [(2,)]:
                assert not behind.done()
        await database.close()

        document = await under_way
        assert datetime.fromisoformat(document["closed_at"]) > result.recorded_at
        assert (result.outcome, (await behind).code) == ("posted", "period_closed")
        assert await ledger.money(payer, payee) == [(95, 0), (5, 0)]


async def test_a_close_that_cannot_have_its_turn_gives_up_and_lets_batches_go_on(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        database = await Database.open(ledger.house.databases[LEDGER].url, name=LEDGER)
        key = uuid4().hex
        async with database.transaction() as connection:
            await post_in(connection, [transfer(payer, payee, 5)])
            gave_up = await closing(ledger, yesterday(), key=key)
        await database.close()

        assert (gave_up.status, gave_up.problem()["code"]) == (503, "dependency_unavailable")
        assert outcomes([await ledger.one(transfer(payer, payee, 1))]) == ["posted"]
        assert (await closing(ledger, yesterday(), key=key)).status == 200


async def test_a_close_amid_a_stream_is_exact(open_ledger: OpenLedger) -> None:
    """Whatever was posted into the period was recorded before the close, and nothing is afterwards."""
    async with open_ledger(replicas=2) as ledger:
        payer, payee = await ledger.wallet(10_000), await ledger.wallet()
        at = end_of(yesterday())
        backdated = [transfer(payer, payee, 1, effective_at=at) for _ in range(200)]
        held = [hold(payer, payee, 1, effective_at=at, expires_at=FAR_AHEAD) for _ in range(100)]
        plain = [transfer(payer, payee, 1) for _ in range(100)]
        asked = [item for part in zip(backdated[::2], held, backdated[1::2], plain, strict=True) for item in part]
        half = len(asked) // 2
        first = await ledger.each_alone(asked[: half // 2])
        sending = asyncio.create_task(ledger.each_alone(asked[half // 2 :]))
        closes = [asyncio.create_task(closed(ledger, yesterday(), replica=number)) for number in (0, 1)]

        results = first + await sending
        documents = [await one for one in closes]
        then = await read(ledger, f"?date={yesterday()}")
        late = await ledger.each_alone([transfer(payer, payee, 1, effective_at=at) for _ in range(20)])

        assert documents[0] == documents[1], "the second finds what the first did"
        closed_at = datetime.fromisoformat(documents[0]["closed_at"])
        of = {result.id: result for result in results}
        for item in asked:
            result = of[item.id]
            if item.effective_at is None:
                assert result.outcome == "posted"
            elif result.outcome == "refused":
                assert result.code == "period_closed"
            else:
                assert result.recorded_at <= closed_at
        assert set(outcomes(late)) == {"period_closed"}
        moved = sum(of[item.id].outcome == "posted" for item in backdated)
        assert [one["debits"] for one in then["currencies"]] == ([moved] if moved else [])
        assert await read(ledger, f"?date={yesterday()}") == then
        (spent, _), (received, _) = await ledger.money(payer, payee)
        assert (spent, received) == (10_000 - moved - 100, moved + 100)


async def test_closes_are_idempotent_and_listed_newest_first(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        days = [yesterday() - timedelta(days=ago) for ago in (30, 2, 0)]
        documents = [await closed(ledger, day) for day in days]
        key = uuid4().hex
        first = await closing(ledger, yesterday(), key=key)
        again = await closing(ledger, yesterday(), key=key)
        visitor = ledger.house.client(ledger.addresses[0], OPERATOR_KEY)

        assert first.document() == documents[2]
        assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")
        between = await closing(ledger, yesterday() - timedelta(days=1))
        assert (between.status, between.problem()["code"]) == (409, "period_closed")
        page = (await visitor.get("/v1/ledger/closes?limit=2")).document()
        rest = (await visitor.get(f"/v1/ledger/closes?limit=2&cursor={page['next_cursor']}")).document()
        assert page["data"] + rest["data"] == documents[::-1]
        assert rest["next_cursor"] is None


async def test_a_period_that_has_not_ended_is_not_closed_nor_without_a_reason_or_by_others(
    open_ledger: OpenLedger,
) -> None:
    async with open_ledger() as ledger:
        operator = ledger.house.client(ledger.addresses[0], OPERATOR_KEY)
        today = utc_now().date()
        for body in (
            {"through": today.isoformat(), "reason": "Early"},
            {"through": (today + timedelta(days=40)).isoformat(), "reason": "Early"},
            {"through": "1969-12-31", "reason": "Late"},
            {"through": "yesterday", "reason": "Late"},
            {"through": yesterday().isoformat(), "reason": ""},
            {"through": yesterday().isoformat(), "reason": "a\u2028b"},
            {"through": yesterday().isoformat()},
        ):
            refused = await operator.post("/v1/ledger/closes", body)
            assert (refused.status, refused.problem()["code"]) == (422, "invalid_request"), body
        visitor, service = ledger.house.client(ledger.addresses[0]), ledger.visitor()
        body = {"through": yesterday().isoformat(), "reason": "Not mine"}
        assert (await visitor.post("/v1/ledger/closes", body)).status == 403
        assert (await visitor.get("/v1/ledger/closes")).status == 403
        assert (await service.post("/v1/ledger/closes", body)).status == 401
        assert await ledger.rows("SELECT count(*) FROM ledger.closes") == [(0,)]
