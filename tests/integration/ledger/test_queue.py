"""The queue before the committer is bounded; beyond it callers are told to come again."""

import asyncio
from collections import Counter

import asyncpg
import msgspec

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import transfer
from tests.support.ledger_desk import FEES, RAIL, becomes, outcomes
from waqiti.contracts.catalog import LEDGER
from waqiti.contracts.ledger import MAX_BATCH, Transfers

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'ledger-service' AND wait_event_type = 'Lock'
"""


async def test_beyond_the_bound_callers_are_told_to_come_again_and_nothing_of_theirs_is_done(
    open_ledger: OpenLedger,
) -> None:
    """Both lanes wait for an account that the test has locked; two batches fill the queue, a third finds no place."""
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(1)
        blocked = [transfer(wallet, FEES, 1), transfer(RAIL, wallet, 1)]
        batches = [[transfer(RAIL, FEES, 1) for _ in range(MAX_BATCH)] for _ in range(3)]
        bodies = [msgspec.to_builtins(Transfers(batch)) for batch in batches]
        locking = await asyncpg.connect(ledger.house.databases[LEDGER].admin_url)
        async with locking.transaction():
            await locking.execute("SELECT FROM ledger.accounts WHERE id = $1 FOR UPDATE", wallet)
            lanes = []
            for number, item in enumerate(blocked, start=1):
                lanes.append(asyncio.create_task(ledger.one(item)))
                await becomes(lambda: ledger.rows(_WAITING), [(number,)])
            asks = [asyncio.create_task(ledger.visitor().post("/internal/transfers", body)) for body in bodies]
            done, _ = await asyncio.wait(asks, return_when=asyncio.FIRST_COMPLETED)
        await locking.close()

        (refused,) = [ask.result() for ask in done]
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert (refused.problem()["code"], refused.problem()["retryable"]) == ("overloaded", True)
        assert outcomes(await asyncio.gather(*lanes)) == ["posted", "posted"]
        answers = await asyncio.gather(*asks)
        assert Counter(answer.status for answer in answers) == {200: 2, 503: 1}
        assert await ledger.money(FEES, RAIL, wallet) == [(2 * MAX_BATCH + 1, 0), (2 * MAX_BATCH + 2, 0), (1, 0)]

        late = batches[answers.index(refused)]
        assert Counter(outcomes(await ledger.post(*late))) == {"posted": MAX_BATCH}
        assert await ledger.money(FEES, wallet) == [(3 * MAX_BATCH + 1, 0), (1, 0)]


async def test_a_batch_beyond_the_bound_of_a_request_is_invalid(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        for size in (0, MAX_BATCH + 1):
            body = msgspec.to_builtins(Transfers([transfer(RAIL, FEES, 1)] * size))
            answer = await ledger.visitor().post("/internal/transfers", body)
            assert (answer.status, answer.problem()["code"]) == (422, "invalid_request")
