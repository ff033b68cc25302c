"""The limits of tiers."""

from typing import Final

from waqiti.foundation.database import Connection
from waqiti.services.compliance.domain.limits import LimitTable, TierLimits

_ALL: Final = "SELECT tier, effective_from, per_payment, per_day, per_month, balance FROM limits"


async def read(connection: Connection) -> LimitTable:
    """Read the limits of all tiers."""
    return LimitTable(
        TierLimits(
            tier=row[0], effective_from=row[1], per_payment=row[2], per_day=row[3], per_month=row[4], balance=row[5]
        )
        for row in await connection.fetch(_ALL)
    )
