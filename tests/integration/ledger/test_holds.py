"""Money set aside: captured, voided or expired, once."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import FAR_AHEAD, LONG_AGO, transfer
from tests.support.ledger_desk import RAIL, LedgerDesk, becomes, capture, expire, hold, outcomes, void
from waqiti.contracts.ledger import Transfer
from waqiti.foundation.clock import utc_now
from waqiti.foundation.ids import new_id


async def held(ledger: LedgerDesk, amount: int = 80, **more: object) -> Transfer:
    """Hold money of a wallet with 100."""
    payer, payee = await ledger.wallet(100), await ledger.wallet()
    item = hold(payer, payee, amount, **more)
    result = await ledger.one(item)
    assert (result.outcome, result.amount) == ("held", amount)
    return item


async def test_a_hold_takes_from_what_is_available_and_moves_nothing(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        item = await held(ledger)

        payer, payee = await ledger.account(item.debit), await ledger.account(item.credit)

        assert (payer.posted, payer.held, payer.available, payer.pending_credits) == (100, 80, 20, 0)
        assert (payee.posted, payee.held, payee.available, payee.pending_credits) == (0, 0, 0, 80)
        assert outcomes([await ledger.one(transfer(item.debit, item.credit, 21))]) == ["insufficient_funds"]
        assert outcomes([await ledger.one(hold(item.debit, item.credit, 21))]) == ["insufficient_funds"]
        assert outcomes([await ledger.one(transfer(item.credit, item.debit, 1))]) == ["insufficient_funds"]
        assert outcomes([await ledger.one(transfer(item.debit, item.credit, 20))]) == ["posted"]
        assert await ledger.money(item.debit, item.credit) == [(80, 80), (20, 0)]


@pytest.mark.parametrize("amount", [1, 79, 80])
async def test_a_capture_moves_its_amount_and_releases_the_rest(open_ledger: OpenLedger, amount: int) -> None:
    async with open_ledger() as ledger:
        item = await held(ledger, expires_at=FAR_AHEAD)

        captured = await ledger.one(capture(item, amount))

        assert (captured.outcome, captured.amount) == ("captured", amount)
        payer, payee = await ledger.account(item.debit), await ledger.account(item.credit)
        assert (payer.posted, payer.held, payer.available) == (100 - amount, 0, 100 - amount)
        assert (payee.posted, payee.pending_credits) == (amount, 0)
        for late in (capture(item, 1), void(item), expire(item)):
            assert outcomes([await ledger.one(late)]) == ["hold_resolved"]
        assert await ledger.money(item.debit, item.credit) == [(100 - amount, 0), (amount, 0)]


async def test_more_than_was_held_cannot_be_captured_although_it_is_there(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        item = await held(ledger)

        assert outcomes([await ledger.one(capture(item, 81))]) == ["exceeds_hold"]

        assert await ledger.money(item.debit, item.credit) == [(100, 80), (0, 0)]
        assert outcomes([await ledger.one(capture(item))]) == ["captured"]
        assert await ledger.money(item.debit, item.credit) == [(20, 0), (80, 0)]


@pytest.mark.parametrize(("release", "outcome"), [(void, "voided"), (expire, "expired")])
@pytest.mark.parametrize("repeated", [0, 5, 80])
async def test_a_release_gives_back_all_that_was_held_whatever_amount_it_repeats(
    open_ledger: OpenLedger, release: object, outcome: str, repeated: int
) -> None:
    async with open_ledger() as ledger:
        item = await held(ledger)
        ending = void(item) if release is void else expire(item)
        fields = {name: getattr(ending, name) for name in ending.__struct_fields__} | {"amount": repeated}

        released = await ledger.one(Transfer(**fields))

        assert (released.outcome, released.amount) == (outcome, 80)
        payee = await ledger.account(item.credit)
        assert await ledger.money(item.debit, item.credit) == [(100, 0), (0, 0)]
        assert payee.pending_credits == 0
        assert outcomes([await ledger.one(capture(item))]) == ["hold_resolved"]


async def test_of_captures_voids_and_expiries_at_once_exactly_one_resolves_a_hold(open_ledger: OpenLedger) -> None:
    async with open_ledger(replicas=2) as ledger:
        for _ in range(4):
            item = await held(ledger, expires_at=FAR_AHEAD)
            asks = [ask for _ in range(4) for ask in (capture(item, 30), void(item), expire(item), capture(item))]

            results = await ledger.each_alone(asks)

            (winner,) = [result for result in results if result.outcome != "refused"]
            assert Counter(result.code for result in results) == {None: 1, "hold_resolved": 15}
            moved = winner.amount if winner.outcome == "captured" else 0
            assert await ledger.money(item.debit, item.credit) == [(100 - moved, 0), (moved, 0)]


async def test_a_hold_and_what_becomes_of_it_may_stand_in_one_batch(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        first, second = hold(payer, payee, 60), hold(payer, payee, 60)

        results = await ledger.post(first, second, capture(first, 10), capture(first), hold(payer, payee, 90))

        assert outcomes(results) == ["held", "insufficient_funds", "captured", "hold_resolved", "held"]
        assert await ledger.money(payer, payee) == [(90, 90), (10, 0)]


async def test_only_a_hold_between_these_accounts_can_be_resolved(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        item = await held(ledger)
        stranger = await ledger.wallet(1_000)
        post = transfer(item.debit, item.credit, 5)
        await ledger.one(post)
        asks = [
            transfer(item.debit, item.credit, 5, kind="capture", target=new_id()),
            transfer(item.debit, item.credit, 5, kind="void", target=post.id),
            transfer(stranger, item.credit, 5, kind="capture", target=item.id),
            transfer(item.debit, stranger, 5, kind="capture", target=item.id),
            transfer(item.credit, item.debit, 5, kind="void", target=item.id),
            transfer(item.debit, item.credit, 5, kind="expire", target=item.id, currency="USD"),
        ]

        assert outcomes(await ledger.post(*asks)) == ["hold_unknown"] * len(asks)
        assert (
            outcomes(
                await ledger.each_alone(
                    [transfer(a.debit, a.credit, 5, kind=a.kind, target=a.target, currency=a.currency) for a in asks]
                )
            )
            == ["hold_unknown"] * 6
        )
        assert await ledger.money(item.debit, item.credit, stranger) == [(95, 80), (5, 0), (1_000, 0)]


async def test_an_overdue_hold_counts_and_cannot_be_captured_until_it_is_swept(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        overdue = await held(ledger, expires_at=LONG_AGO)
        others = [await held(ledger, expires_at=FAR_AHEAD), await held(ledger, expires_at=None)]

        assert outcomes([await ledger.one(capture(overdue))]) == ["hold_expired"]
        assert outcomes([await ledger.one(transfer(overdue.debit, overdue.credit, 21))]) == ["insufficient_funds"]
        assert await ledger.money(overdue.debit) == [(100, 80)]

        async with open_ledger(role="worker"), open_ledger(role="worker"):
            await becomes(lambda: ledger.money(overdue.debit), [(100, 0)])
            for other in others:
                assert await ledger.money(other.debit) == [(100, 80)]
        assert outcomes([await ledger.one(capture(overdue))]) == ["hold_resolved"]
        (entry,) = [entry for entry in await ledger.entries(overdue.debit) if entry.kind == "expire"]
        assert (entry.amount, entry.held_change, entry.posted, entry.held) == (0, -80, 100, 0)
        expiries = "SELECT count(*), sum(amount) FROM ledger.transfers WHERE kind = 'expire'"
        assert await ledger.rows(expiries) == [(1, 80)]


async def test_a_hold_expires_at_its_instant_and_not_before(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        soon = utc_now() + timedelta(seconds=0.8)
        first, second = await held(ledger, expires_at=soon), await held(ledger, expires_at=soon)

        captured = await ledger.one(capture(first))
        async with open_ledger(role="worker"):
            await becomes(lambda: ledger.money(second.debit), [(100, 0)])

        assert captured.code == (None if captured.recorded_at < soon else "hold_expired")
        (entry,) = [entry for entry in await ledger.entries(second.debit) if entry.kind == "expire"]
        assert entry.recorded_at >= soon
        left = [(20, 0), (80, 0)] if captured.code is None else [(100, 0), (0, 0)]
        await becomes(lambda: ledger.money(first.debit, first.credit), left)


async def test_the_sweeper_releases_more_than_one_round_of_holds(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payee = await ledger.wallet()
        for _ in range(2):
            await ledger.post(*(hold(RAIL, payee, 1, expires_at=LONG_AGO) for _ in range(400)))
        before = (await ledger.account(payee)).pending_credits

        async with open_ledger(role="worker"):
            await becomes(lambda: ledger.rows("SELECT count(*) FROM ledger.holds WHERE resolved_by IS NULL"), [(0,)])

        assert before == 800
        assert (await ledger.account(payee)).pending_credits == 0
        assert await ledger.money(RAIL, payee) == [(0, 0), (0, 0)]
