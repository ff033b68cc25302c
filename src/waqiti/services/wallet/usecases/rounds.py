"""One round of each piece of background work."""

import asyncio
from collections.abc import Mapping
from typing import Final

from waqiti.foundation.database import Database
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry import logger
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.movements import MovementRow
from waqiti.services.wallet.domain.rails import Rail
from waqiti.services.wallet.usecases.driving import Driver

CLAIM_LIMIT: Final = 32
NOTICE_LIMIT: Final = 200

_log = logger(__name__)


async def drive_due(database: Database, driver: Driver) -> int:
    """Claim movements that are due and drive each; return how many. One that fails alone is tried again later."""
    async with database.connection() as connection:
        claimed = await store.movements.claim(connection, new_id(), CLAIM_LIMIT)
    outcomes = await asyncio.gather(*(driver.drive(movement) for movement in claimed), return_exceptions=True)
    for movement, outcome in zip(claimed, outcomes, strict=True):
        _log_failure(movement, outcome)
    return len(claimed)


async def hear_rails(database: Database, rails: Mapping[str, Rail]) -> int:
    """Make movements due of which their rails have news, and take the news off the list; return how many."""
    woken = 0
    for rail in rails.values():
        woken += await _hear(database, rail)
    return woken


async def _hear(database: Database, rail: Rail) -> int:
    notices = await rail.notices(NOTICE_LIMIT)
    if not notices:
        return 0
    orders = list({notice.order_id for notice in notices})
    async with database.transaction() as connection:
        woken = await store.movements.wake(connection, orders)
        waiting = await store.movements.waiting_for_rail(connection, orders)
    # News for a movement that is being driven at this moment stays on the list.
    busy = waiting - woken
    await rail.acknowledge([notice.id for notice in notices if notice.order_id not in busy])
    return len(woken)


def _log_failure(movement: MovementRow, outcome: object) -> None:
    if isinstance(outcome, BaseException):
        _log.error("movement_failed", movement=str(movement.id), kind=type(outcome).__name__, exc_info=outcome)
