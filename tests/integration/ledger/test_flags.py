"""Freezing, unfreezing and closing: once the call has returned, nothing posts later."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.integration.ledger.test_chains import linked
from tests.support.ledger_batches import FAR_AHEAD, transfer
from tests.support.ledger_desk import FEES, RAIL, LedgerDesk, capture, expire, hold, outcomes, refund, void
from waqiti.contracts.ledger import Account, SetFlags, Transfer, TransferResult
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id


async def test_a_freeze_of_debits_lets_money_in_and_none_out(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        frozen, other = await ledger.wallet(100), await ledger.wallet(100)
        assert (await ledger.freeze(frozen)).frozen == "debits"

        results = await ledger.post(
            transfer(frozen, other, 1),
            hold(frozen, other, 1),
            transfer(frozen, other, 1_000),
            transfer(other, frozen, 30),
            hold(other, frozen, 20),
        )

        assert outcomes(results) == ["wallet_frozen", "wallet_frozen", "wallet_frozen", "posted", "held"]
        assert outcomes([await ledger.one(transfer(other, frozen, 1))]) == ["posted"]
        assert await ledger.money(frozen, other) == [(131, 0), (69, 20)]


async def test_a_freeze_of_all_lets_money_neither_in_nor_out(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        frozen, other = await ledger.wallet(100), await ledger.wallet(100)
        held = hold(other, frozen, 10)
        await ledger.one(held)
        assert (await ledger.freeze(frozen, "all")).frozen == "all"

        results = await ledger.post(
            transfer(frozen, other, 1), transfer(other, frozen, 1), hold(other, frozen, 1), capture(held)
        )

        assert outcomes(results) == ["wallet_frozen"] * 4
        assert outcomes([await ledger.one(transfer(RAIL, frozen, 1, purpose="deposit"))]) == ["wallet_frozen"]
        assert await ledger.money(frozen, other) == [(100, 0), (100, 10)]


@pytest.mark.parametrize("scope", ["debits", "all"])
async def test_captures_and_refunds_out_of_a_frozen_account_are_refused_and_releases_work(
    open_ledger: OpenLedger, scope: str
) -> None:
    async with open_ledger() as ledger:
        frozen, other = await ledger.wallet(200), await ledger.wallet(100)
        holds = [hold(frozen, other, 30, expires_at=FAR_AHEAD) for _ in range(3)]
        paid = transfer(other, frozen, 50)
        await ledger.post(*holds, paid)
        await ledger.freeze(frozen, "all" if scope == "all" else "debits")

        results = await ledger.post(capture(holds[0]), refund(paid, 1), void(holds[0]), expire(holds[1]))

        assert outcomes(results) == ["wallet_frozen", "wallet_frozen", "voided", "expired"]
        assert await ledger.money(frozen, other) == [(250, 30), (50, 0)]
        assert (await ledger.unfreeze(frozen)).frozen == "none"
        assert outcomes(await ledger.post(capture(holds[2], 10), refund(paid, 50))) == ["captured", "posted"]
        assert await ledger.money(frozen, other) == [(190, 0), (110, 0)]


async def test_a_fee_is_taken_out_of_what_a_frozen_payee_just_received_and_out_of_nothing_else(
    open_ledger: OpenLedger,
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet(100)
        await ledger.freeze(payee)
        fee = transfer(payee, FEES, 1, purpose="fee")

        assert outcomes(await ledger.post(*linked(transfer(payer, payee, 10), fee))) == ["posted", "posted"]
        alone = transfer(payee, FEES, 1, purpose="fee")
        assert outcomes(await ledger.post(transfer(payer, payee, 10), alone)) == ["posted", "wallet_frozen"]
        no_fee = transfer(payee, FEES, 1)
        assert outcomes(await ledger.post(*linked(transfer(payer, payee, 10), no_fee))) == [
            "linked_refused", "wallet_frozen",
        ]  # fmt: skip

        assert await ledger.money(payer, payee, FEES) == [(80, 0), (119, 0), (1, 0)]


async def test_a_freeze_never_loosens_the_one_that_is_there(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet()
        found = [(await ledger.freeze(wallet, scope)).frozen for scope in ("debits", "all", "debits")]
        assert found == ["debits", "all", "all"]
        assert (await ledger.unfreeze(wallet)).frozen == "none"
        assert (await ledger.unfreeze(wallet)).frozen == "none"


async def test_a_limit_or_refusal_that_comes_later_in_the_order_does_not_hide_a_freeze(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        frozen, other = await ledger.wallet(10), await ledger.wallet()
        await ledger.freeze(frozen)
        await ledger.close(other)
        asks = [
            transfer(frozen, RAIL, 11, refusals=("sanctions_hit", "fraud_declined")),
            transfer(frozen, other, 11),
            transfer(frozen, RAIL, 1, refusals=("customer_blocked",)),
        ]
        assert outcomes(await ledger.post(*asks)) == ["wallet_frozen", "wallet_closed", "customer_blocked"]


@pytest.mark.parametrize("scope", ["debits", "all"])
async def test_after_a_freeze_has_returned_nothing_of_a_running_stream_posts(
    open_ledger: OpenLedger, scope: str
) -> None:
    """Posts and captures stream through both replicas; the freeze goes to one of them."""
    async with open_ledger(replicas=2) as ledger:
        frozen, other = await ledger.wallet(100_000), await ledger.wallet(100_000)
        holds = [hold(frozen, other, 5) for _ in range(300)]
        await ledger.post(*holds)

        async def freeze() -> Account:
            return await ledger.freeze(frozen, "all" if scope == "all" else "debits")

        stream = [transfer(frozen, other, 1) if number % 2 else capture(holds[number]) for number in range(300)]
        account, results = await _changed_amid(ledger, stream, freeze)

        codes = outcomes(results)
        assert set(codes) == {"posted", "captured", "wallet_frozen"}
        after = await ledger.account(frozen)
        assert (after.version, after.posted, after.held) == (account.version, account.posted, account.held)
        posted, captured = codes.count("posted"), codes.count("captured")
        assert (after.posted, after.held) == (100_000 - posted - 5 * captured, 1_500 - 5 * captured)
        assert (await ledger.account(other)).posted == 100_000 + posted + 5 * captured


async def test_after_a_close_has_returned_nothing_of_a_running_stream_posts(open_ledger: OpenLedger) -> None:
    """Every chain pays in and out again, so that the account is empty whenever its lock is free."""
    async with open_ledger(replicas=2) as ledger:
        closing, other = await ledger.wallet(), await ledger.wallet(100_000)

        async def close() -> Account:
            return await ledger.close(closing)

        chains = [linked(transfer(other, closing, 7), transfer(closing, other, 7)) for _ in range(100)]
        stream = [item for chain in chains for item in chain]
        account, results = await _changed_amid(ledger, stream, close, together=2)

        assert set(outcomes(results)) == {"posted", "wallet_closed", "linked_refused"}
        after = await ledger.account(closing)
        assert account.closed
        assert (after.version, after.posted) == (account.version, 0)
        assert await ledger.money(other) == [(100_000, 0)]


async def _changed_amid(
    ledger: LedgerDesk, stream: list[Transfer], change: Callable[[], Awaitable[Account]], together: int = 1
) -> tuple[Account, list[TransferResult]]:
    """Send the stream, eight asks at a time; change an account after a third of it; send the rest after that."""
    asks = [stream[start : start + together] for start in range(0, len(stream), together)]
    results: list[TransferResult] = []
    changed = asyncio.Event()
    gate = len(asks) * 2 // 3

    async def send(number: int) -> None:
        for place in range(number, len(asks), 8):
            if place >= gate:
                await changed.wait()
            results.extend(await ledger.replicas[place % 2].post(asks[place]))

    async with asyncio.TaskGroup() as sending:
        for number in range(8):
            sending.create_task(send(number))
        while len(results) < len(stream) // 3:
            await asyncio.sleep(0)
        account = await change()
        changed.set()
    return account, results


async def test_only_an_account_without_money_and_holds_can_be_closed(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        held = hold(payer, payee, 100)
        await ledger.one(held)
        for account in (payer, payee):
            with pytest.raises(Problem) as refused:
                await ledger.close(account)
            assert (refused.value.status, refused.value.code) == (409, "conflict")
        await ledger.one(capture(held))
        with pytest.raises(Problem):
            await ledger.close(payee)

        closed = await ledger.close(payer)

        assert closed.closed
        assert (await ledger.close(payer)).closed
        later = [transfer(RAIL, payer, 1), transfer(payer, payee, 1), transfer(payee, payer, 1), hold(payee, payer, 1)]
        assert outcomes(await ledger.post(*later)) == ["wallet_closed"] * 4
        assert await ledger.money(payer, payee) == [(0, 0), (100, 0)]


async def test_unfreezing_opens_no_closed_account(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet()
        await ledger.close(wallet)
        await ledger.freeze(wallet)
        assert (await ledger.unfreeze(wallet)).closed
        assert outcomes([await ledger.one(transfer(RAIL, wallet, 1))]) == ["wallet_closed"]


async def test_who_changed_flags_is_kept_with_the_reason(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet()
        await ledger.freeze(wallet, "all")
        await ledger.unfreeze(wallet)
        changes = (
            "SELECT action, scope, service, actor, reason FROM ledger.flag_changes WHERE account_id = $1 ORDER BY id"
        )
        assert await ledger.rows(changes, wallet) == [
            ("freeze", "all", "payment-service", "key_test", "A test."),
            ("unfreeze", "debits", "payment-service", "key_test", "A test."),
        ]
        for account, reason, status in ((new_id(), "A test.", 404), (wallet, "", 422), (wallet, "x" * 501, 422)):
            with pytest.raises(Problem) as refused:
                await ledger.ledger.set_flags(account, SetFlags(action="freeze", reason=reason, actor="key_test"))
            assert refused.value.status == status
        assert (await ledger.account(wallet)).frozen == "none"
