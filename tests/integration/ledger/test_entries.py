"""Entries: every change of an account with what stood after it, in order, without a gap."""

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import FAR_AHEAD, transfer
from tests.support.ledger_desk import RAIL, capture, hold, outcomes, void
from waqiti.contracts.ledger import EntriesQuery
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id


async def test_every_change_has_an_entry_with_what_stood_after_it(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        captured, voided = hold(payer, payee, 30, expires_at=FAR_AHEAD), hold(payer, payee, 40)
        await ledger.post(captured, voided, transfer(payer, payee, 200))
        await ledger.one(transfer(payer, payee, 10))
        await ledger.post(capture(captured, 25), void(voided))

        spent, received = await ledger.entries(payer), await ledger.entries(payee)

        assert [(entry.kind, entry.amount, entry.held_change, entry.posted, entry.held) for entry in spent] == [
            ("post", 100, 0, 100, 0),
            ("hold", 0, 30, 100, 30),
            ("hold", 0, 40, 100, 70),
            ("post", -10, 0, 90, 70),
            ("capture", -25, -30, 65, 40),
            ("void", 0, -40, 65, 0),
        ]
        assert [(entry.kind, entry.amount, entry.held_change, entry.posted, entry.held) for entry in received] == [
            ("hold", 0, 0, 0, 0),
            ("hold", 0, 0, 0, 0),
            ("post", 10, 0, 10, 0),
            ("capture", 25, 0, 35, 0),
            ("void", 0, 0, 35, 0),
        ]
        assert [entry.version for entry in spent] == [1, 2, 3, 4, 5, 6]
        assert [entry.transfer_id for entry in spent[1:3]] == [captured.id, voided.id]
        assert all(entry.effective_at == entry.recorded_at for entry in spent + received)
        (rail,) = await ledger.entries(RAIL)
        assert (rail.amount, rail.posted, rail.purpose) == (100, 100, "deposit")


async def test_versions_of_a_hot_account_have_no_gap_and_its_times_never_fall(open_ledger: OpenLedger) -> None:
    """Plain and evaluated batches of two replicas meet on one account."""
    async with open_ledger(replicas=2) as ledger:
        hot, others = await ledger.wallet(1_000), [await ledger.wallet(100) for _ in range(4)]
        stream = [
            transfer(hot, others[n % 4], 1)
            if n % 3 == 0
            else transfer(others[n % 4], hot, 2)
            if n % 3 == 1
            else hold(hot, others[n % 4], 1)
            for n in range(240)
        ]

        assert set(outcomes(await ledger.each_alone(stream))) == {"posted", "held"}

        entries = await ledger.entries(hot)
        assert [entry.version for entry in entries] == list(range(1, 242))
        assert all(before.recorded_at <= after.recorded_at for before, after in pairwise(entries))
        for before, after in pairwise(entries):
            assert after.posted == before.posted + after.amount
            assert after.held == before.held + after.held_change
        assert (entries[-1].posted, entries[-1].held) == (1_000 - 80 + 160, 80)


@pytest.mark.parametrize("kind", ["post", "hold"])
async def test_times_of_an_account_never_fall_though_the_clock_does(open_ledger: OpenLedger, kind: str) -> None:
    """An hour ahead is where a clock that was set back since had recorded the account's last change."""
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(), await ledger.wallet()
        ahead = "UPDATE ledger.accounts SET last_at = now() + interval '1 hour' WHERE id = $1 RETURNING last_at"
        ((last_at,),) = await ledger.rows(ahead, payer)

        funded = await ledger.one(transfer(RAIL, payer, 10, purpose="deposit"))
        result = await ledger.one(transfer(payer, payee, 10, kind=kind))

        assert funded.recorded_at == result.recorded_at == last_at
        assert [entry.recorded_at for entry in await ledger.entries(payer)] == [last_at, last_at]


async def test_entries_are_read_in_pages_and_between_times(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet()
        for amount in range(1, 8):
            await ledger.fund(wallet, amount)
        entries = await ledger.entries(wallet)

        async def amounts(**query: object) -> list[int]:
            found = await ledger.ledger.entries(EntriesQuery(account_id=wallet, **query))  # type: ignore[arg-type]
            return [entry.amount for entry in found]

        third, fifth = entries[2].recorded_at, entries[4].recorded_at
        assert await amounts(limit=3) == [7, 6, 5]
        assert await amounts(limit=3, before_version=5) == [4, 3, 2]
        assert await amounts(limit=3, before_version=1) == []
        assert await amounts(recorded_from=third, recorded_to=fifth) == [4, 3]
        assert await amounts(recorded_from=third, recorded_to=fifth, before_version=4) == [3]
        assert await amounts(recorded_to=entries[0].recorded_at) == []
        assert await amounts(recorded_from=entries[-1].recorded_at + timedelta(microseconds=1)) == []
        for query, status in (
            (EntriesQuery(account_id=new_id()), 404),
            (EntriesQuery(account_id=wallet, limit=0), 422),
            (EntriesQuery(account_id=wallet, limit=1_001), 422),
            (EntriesQuery(account_id=wallet, recorded_from=third.replace(tzinfo=None)), 422),
        ):
            with pytest.raises(Problem) as refused:
                await ledger.ledger.entries(query)
            assert refused.value.status == status
