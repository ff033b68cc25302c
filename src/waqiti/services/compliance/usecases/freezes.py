"""Freezing the wallets of customers who were found on a list."""

from datetime import timedelta
from typing import Final

from waqiti.contracts.wallet import FreezeCustomer, WalletClient, sanctions_reason
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.compliance.store import freezes as store

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=5)
MAX_PAGES: Final = 1_000
_AT_ONCE: Final = 20

_frozen: Final = counter("compliance_customers_frozen", "Customers whose wallets are all frozen after a hit.")
_log: Final = logger(__name__)


class Freezes:
    """Has wallet-service freeze all that blocked customers have; asked again until it has."""

    def __init__(self, database: Database, wallets: WalletClient) -> None:
        self._database = database
        self._wallets = wallets

    async def drive(self) -> int:
        """Go on with customers who are due; return how many were. One that fails is due again after a pause."""
        async with self._database.connection() as connection:
            claimed = await store.claim(connection, _AT_ONCE, FIRST_PAUSE, LONGEST_PAUSE)
        for freeze in claimed:
            try:
                await self._freeze(freeze)
            except Problem as problem:
                _log.error("wallets_not_frozen", customer_id=str(freeze.customer_id), code=problem.code)
        return len(claimed)

    async def _freeze(self, freeze: store.Freeze) -> None:
        """Freeze all that a customer has; of one who was cleared meanwhile nothing."""
        if not freeze.is_blocked:
            await self._done(freeze)
            return
        reason = sanctions_reason(freeze.customer_id)
        asked = FreezeCustomer(customer_id=freeze.customer_id, reason=reason)
        count = failed = 0
        for _ in range(MAX_PAGES):
            page = await self._wallets.freeze_customer(asked)
            count, failed = count + page.frozen, failed + page.failed
            if page.next_after is None:
                break
            asked = FreezeCustomer(customer_id=freeze.customer_id, reason=reason, after=page.next_after)
        else:
            failed += 1
        if failed:
            _log.error("wallets_not_all_frozen", customer_id=str(freeze.customer_id), frozen=count, failed=failed)
            return
        await self._done(freeze)
        _frozen.inc()
        _log.warning("wallets_frozen", customer_id=str(freeze.customer_id), count=count)

    async def _done(self, freeze: store.Freeze) -> None:
        async with self._database.transaction() as connection:
            await store.done(connection, freeze)
