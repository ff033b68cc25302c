"""Balances as of an instant: of effective time, with what was dated back, and of recorded time, with what was held."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import transfer
from tests.support.ledger_desk import RAIL, LedgerDesk, capture, hold
from waqiti.contracts.ledger import AccountIds
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id

INSTANT = timedelta(microseconds=1)
JANUARY, MARCH = datetime(2024, 1, 31, 12, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)


async def effective(ledger: LedgerDesk, instant: datetime, *accounts: UUID) -> list[int]:
    """Return what was posted as of an instant of effective time; what was held is not known then."""
    found = await ledger.ledger.balances(AccountIds(list(accounts), as_of=instant))
    assert all(balance.held is None for balance in found)
    return [balance.posted for balance in in_order(found, accounts)]


async def recorded(ledger: LedgerDesk, instant: datetime, *accounts: UUID) -> list[tuple[int, int | None]]:
    """Return what was posted and held as of an instant of recorded time."""
    found = await ledger.ledger.balances(AccountIds(list(accounts), recorded_as_of=instant))
    return [(balance.posted, balance.held) for balance in in_order(found, accounts)]


def in_order(found: Sequence[Any], accounts: Sequence[UUID]) -> list[Any]:
    by_id = {balance.id: balance for balance in found}
    return [by_id[account] for account in accounts]


async def test_a_backdated_transfer_counts_from_its_effective_time_and_is_recorded_now(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        before = utc_now() - timedelta(seconds=5)
        result = await ledger.one(transfer(payer, payee, 30, effective_at=JANUARY))
        await ledger.one(transfer(RAIL, payee, 7, effective_at=MARCH))

        assert await effective(ledger, JANUARY - INSTANT, payer, payee) == [0, 0]
        assert await effective(ledger, JANUARY, payer, payee) == [-30, 30]
        assert await effective(ledger, MARCH - INSTANT, payee) == [30]
        assert await effective(ledger, MARCH, payer, payee, RAIL) == [-30, 37, 7]
        assert await effective(ledger, before, payee) == [37]
        assert await effective(ledger, utc_now(), payer, payee) == [70, 37]
        assert await recorded(ledger, before, payer, payee) == [(0, 0), (0, 0)]
        assert await recorded(ledger, result.recorded_at - INSTANT, payee) == [(0, 0)]
        assert await recorded(ledger, result.recorded_at, payee) == [(30, 0)]
        entry = (await ledger.entries(payee))[0]
        assert (entry.effective_at, entry.recorded_at) == (JANUARY, result.recorded_at)


async def test_a_transfer_dated_ahead_counts_from_when_it_was_recorded(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()

        result = await ledger.one(transfer(payer, payee, 30, effective_at=utc_now() + timedelta(days=1)))

        assert await effective(ledger, result.recorded_at - INSTANT, payee) == [0]
        assert await effective(ledger, result.recorded_at, payee) == [30]
        assert (await ledger.entries(payee))[0].effective_at == result.recorded_at


async def test_recorded_time_gives_what_was_posted_and_held_after_every_change(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        held = hold(payer, payee, 60)
        for item in (held, transfer(payer, payee, 5), capture(held, 20)):
            await ledger.one(item)

        entries = await ledger.entries(payer)
        for entry in entries:
            assert await recorded(ledger, entry.recorded_at, payer) == [(entry.posted, entry.held)]
        for earlier, later in pairwise(entries):
            assert await recorded(ledger, later.recorded_at - INSTANT, payer) == [(earlier.posted, earlier.held)]
        assert [(entry.posted, entry.held) for entry in entries] == [(100, 0), (100, 60), (95, 60), (75, 0)]
        assert await recorded(ledger, entries[0].recorded_at - INSTANT, payer) == [(0, 0)]


async def test_what_one_batch_recorded_at_one_instant_is_seen_whole(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        results = await ledger.post(*(transfer(payer, payee, 10) for _ in range(5)))

        (instant,) = {result.recorded_at for result in results}
        assert await recorded(ledger, instant, payer, payee) == [(50, 0), (50, 0)]
        assert await recorded(ledger, instant - INSTANT, payer, payee) == [(100, 0), (0, 0)]


async def test_the_last_second_is_provisional(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(100)
        for ago in (-60.0, 0.0, 0.5, 1.0, 3_600.0):
            instant = utc_now() - timedelta(seconds=ago)
            for query in (AccountIds([wallet], as_of=instant), AccountIds([wallet], recorded_as_of=instant)):
                asked_at = utc_now()
                (balance,) = await ledger.ledger.balances(query)
                if instant <= asked_at - timedelta(seconds=1):
                    assert not balance.provisional
                if instant > utc_now() - timedelta(seconds=1):
                    assert balance.provisional


async def test_unknown_accounts_are_left_out_and_an_instant_is_named_once(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet, now = await ledger.wallet(100), utc_now()
        (balance,) = await ledger.ledger.balances(AccountIds([new_id(), wallet], as_of=now))
        assert (balance.id, balance.posted) == (wallet, 100)
        for query in (
            AccountIds([wallet]),
            AccountIds([wallet], as_of=now, recorded_as_of=now),
            AccountIds([wallet], as_of=now.replace(tzinfo=None)),
            AccountIds([wallet], as_of=datetime.min.replace(tzinfo=UTC)),
            AccountIds([wallet], recorded_as_of=datetime.max.replace(tzinfo=UTC)),
            AccountIds([], as_of=now),
        ):
            with pytest.raises(Problem) as refused:
                await ledger.ledger.balances(query)
            assert (refused.value.status, refused.value.code) == (422, "invalid_request")
