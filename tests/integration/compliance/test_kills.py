"""Kill -9 of whoever reserves and resolves, at every point where it waits for something."""

from collections.abc import Callable

import pytest

from tests.integration.compliance import killed_screener
from tests.support.compliance_desk import Desk, open_desk, refused
from tests.support.databases import FreshDatabase
from tests.support.killing import kill_at_every_suspension
from tests.support.scoring import screened
from waqiti.contracts.compliance import ScreenRequest

MOST_SUSPENSIONS = 60


@pytest.mark.timeout(120)
@pytest.mark.parametrize("amount", [100, 300_000])
async def test_counters_are_exact_wherever_the_one_who_counted_was_killed(
    fresh_database: Callable[[str], FreshDatabase], amount: int
) -> None:
    """300,000 a piece passes the day's limit with the fourth item: then windows are looked at one by one."""
    async with open_desk(fresh_database) as desk:
        batches = [await _batch(desk, amount) for _ in range(MOST_SUSPENSIONS)]
        kills = await kill_at_every_suspension(killed_screener, killed_screener.Orders(desk.fresh.url, batches))
        assert 5 < kills < MOST_SUSPENSIONS
        await desk.assert_counters_are_exact()

        for batch in batches[: kills + 1]:
            decisions = await desk.screen(*batch)
            await killed_screener.screen_and_release(desk.first.screener, desk.first.resolver, batch)
            assert refused(decisions) == [False, False, False, amount > 100]
            assert batch[0].from_customer is not None
            assert await desk.used(batch[0].from_customer) == amount // 2 + amount * (2 if amount == 100 else 1)


async def _batch(desk: Desk, amount: int) -> list[ScreenRequest]:
    payer, payee = await desk.customer(), await desk.customer("enhanced")
    return [screened(payer, payee, amount) for _ in range(4)]
