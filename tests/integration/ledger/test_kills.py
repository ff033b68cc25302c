"""Kill -9 of the committer at every point where it waits for something."""

import asyncio
import sys
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from tests.integration.ledger import killed_committer, killed_sweeper
from tests.integration.ledger.conftest import OpenLedger
from tests.integration.ledger.killed_committer import Orders, Round
from tests.integration.ledger.test_chains import linked
from tests.support.killing import kill_at_every_suspension
from tests.support.ledger_batches import FAR_AHEAD, LONG_AGO, transfer
from tests.support.ledger_desk import FEES, LedgerDesk, becomes, capture, expire, hold, outcomes, refund, void
from waqiti.contracts.catalog import LEDGER
from waqiti.contracts.ledger import Transfer

MOST_SUSPENSIONS = 100

_STORED = "SELECT id, outcome, amount, code FROM ledger.transfers WHERE id = ANY ($1)"


@pytest.mark.timeout(120)
async def test_plain_posts_happen_once_wherever_their_committer_was_killed(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100_000), await ledger.wallet()
        batches = [
            [*linked(transfer(payer, payee, 10), transfer(payee, FEES, 1, purpose="fee")), transfer(payee, payer, 2)]
            for _ in range(MOST_SUSPENSIONS)
        ]

        rounds = await _kill_at_every_suspension(ledger, batches)

        kills = len(rounds) - 1
        sys.stdout.write(f"plain posts survived {kills} kills\n")
        assert kills > 10, "the committer was killed at every suspension"
        await _assert_each_happened_once(ledger, batches, rounds, ["posted", "posted", "posted"])
        n = len(rounds)
        assert await ledger.money(payer, payee, FEES) == [(100_000 - 8 * n, 0), (7 * n, 0), (n, 0)]


@pytest.mark.timeout(120)
async def test_holds_captures_refunds_and_chains_happen_once_wherever_their_committer_was_killed(
    open_ledger: OpenLedger,
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000_000), await ledger.wallet(100_000)
        earlier, batches = zip(*(_mixed(payer, payee) for _ in range(MOST_SUSPENSIONS)), strict=True)
        await ledger.post(*(item for items in earlier for item in items))

        rounds = await _kill_at_every_suspension(ledger, batches)

        kills = len(rounds) - 1
        sys.stdout.write(f"holds, captures, refunds and chains survived {kills} kills\n")
        assert kills > 15, "the committer was killed at every suspension"
        expected = [
            "held", "captured", "voided", "expired", "posted", "posted", "posted",
            "linked_refused", "hold_unknown", "insufficient_funds", "given_up", "exceeds_original",
        ]  # fmt: skip
        await _assert_each_happened_once(ledger, batches, rounds, expected)
        n, untouched = len(rounds), MOST_SUSPENSIONS - len(rounds)
        assert await ledger.money(payer, payee, FEES) == [
            (1_000_000 - 100 * MOST_SUSPENSIONS - (60 - 30 + 10) * n, 50 * n + 240 * untouched),
            (100_000 + 100 * MOST_SUSPENSIONS + (60 - 30 + 10 - 1) * n, 0),
            (n, 0),
        ]


@pytest.mark.timeout(120)
async def test_overdue_holds_expire_once_wherever_their_sweeper_was_killed(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        count = killed_sweeper.HOLDS_A_SWEEP * MOST_SUSPENSIONS
        holds = [hold(payer, payee, 5, expires_at=LONG_AGO) for _ in range(count)]
        assert set(outcomes(await ledger.post(*holds))) == {"held"}

        orders = killed_sweeper.Orders(ledger.house.databases[LEDGER].url, MOST_SUSPENSIONS)
        kills = await kill_at_every_suspension(killed_sweeper, orders)

        sys.stdout.write(f"the sweeper survived {kills} kills\n")
        assert kills > 10, "the sweeper was killed at every suspension"
        swept = count - (await ledger.account(payer)).held // 5
        assert 0 < swept < killed_sweeper.HOLDS_A_SWEEP * kills, "some were killed before it was done, and some after"
        async with open_ledger(role="worker"):
            await becomes(lambda: ledger.money(payer, payee), [(1_000, 0), (0, 0)])
        assert await ledger.rows("SELECT count(*), sum(amount) FROM ledger.transfers WHERE outcome = 'expired'") == [
            (count, 5 * count),
        ]  # fmt: skip


def _mixed(payer: UUID, payee: UUID) -> tuple[list[Transfer], list[Transfer]]:
    """Return holds of 80 and a payment of 100, and a batch about them that has every kind of outcome."""
    holds = [hold(payer, payee, 80, expires_at=FAR_AHEAD) for _ in range(3)]
    paid = transfer(payer, payee, 100)
    return [*holds, paid], [
        hold(payer, payee, 50, expires_at=FAR_AHEAD),
        capture(holds[0], 60),
        void(holds[1]),
        expire(holds[2]),
        refund(paid, 30),
        *linked(transfer(payer, payee, 10), transfer(payee, FEES, 1, purpose="fee")),
        *linked(transfer(payer, payee, 5), capture(hold(payer, payee, 5))),
        transfer(payer, payee, 10_000_000),
        transfer(payer, payee, 5, kind="refuse", refusals=("given_up",)),
        refund(paid, 71),
    ]


async def _kill_at_every_suspension(ledger: LedgerDesk, batches: Sequence[list[Transfer]]) -> list[Round]:
    """Commit the n-th batch until the n-th suspension, then again; return how each went, up to one that was through."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        killed_committer.__name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    orders = Orders(ledger.house.databases[LEDGER].url, list(batches))
    output, _ = await process.communicate(msgspec.json.encode(orders))
    assert process.returncode == 0, output
    rounds = [msgspec.json.decode(line, type=Round) for line in output.splitlines()]
    assert [found.killed for found in rounds] == [True] * (len(rounds) - 1) + [False]
    return rounds


async def _assert_each_happened_once(
    ledger: LedgerDesk, batches: Sequence[Sequence[Transfer]], rounds: Sequence[Round], expected: list[str]
) -> None:
    """Assert that whoever asked again was told what is stored, and that each batch happened whole or not at all."""
    lost = set()
    for batch, found in zip(batches, rounds, strict=False):
        assert outcomes(found.results) == expected
        assert [result.id for result in found.results] == [item.id for item in batch]
        assert not any(result.differs for result in found.results)
        (existed,) = {result.existed for result in found.results}
        lost.add((found.killed, existed))
        stored = {row[0]: row[1:] for row in await ledger.rows(_STORED, [item.id for item in batch])}
        for item, result in zip(batch, found.results, strict=True):
            amount = item.amount if result.outcome == "refused" else result.amount
            assert stored[item.id] == (result.outcome, amount, result.code)
    # Killed before anything was done, killed when all was done and nobody knew, and not killed.
    assert lost == {(True, False), (True, True), (False, True)}
    assert await _undone(ledger, batches[len(rounds) :]) == []


async def _undone(ledger: LedgerDesk, batches: Sequence[Sequence[Transfer]]) -> list[tuple[object, ...]]:
    """Return what is stored of batches that nobody committed."""
    return await ledger.rows(_STORED, [item.id for batch in batches for item in batch])
