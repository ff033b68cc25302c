"""What switches mean together that are set one by one."""

from collections.abc import Iterable

from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.switches import (
    DB_POOL_MAX_SIZE,
    DB_POOL_MIN_IDLE,
    FRAUD_THRESHOLD,
    MANUAL_REVIEW_THRESHOLD,
)
from waqiti.operations.switches.listing import SwitchList, effective


def notes_on_bands(rows: SwitchList) -> tuple[str, ...]:
    """Say so where no score leads to a review."""
    review_at = effective(rows, MANUAL_REVIEW_THRESHOLD, FRAUD)
    decline_at = effective(rows, FRAUD_THRESHOLD, FRAUD)
    if isinstance(review_at, str) or isinstance(decline_at, str) or review_at < decline_at:
        return ()
    sentence = (
        f"There is no review band: {MANUAL_REVIEW_THRESHOLD} {review_at:g} is not below {FRAUD_THRESHOLD} "
        f"{decline_at:g}, so scores below {decline_at:g} approve and the others decline"
    )
    return (sentence,)


def notes_on_pools(rows: SwitchList, services: Iterable[str]) -> tuple[str, ...]:
    """Say so where more connections are to stay open than a pool may have."""
    found: dict[tuple[int, int], list[str]] = {}
    for service in services:
        idle, most = effective(rows, DB_POOL_MIN_IDLE, service), effective(rows, DB_POOL_MAX_SIZE, service)
        if isinstance(idle, int) and isinstance(most, int) and idle > most:
            found.setdefault((idle, most), []).append(service)
    return tuple(
        f"{DB_POOL_MIN_IDLE} {idle} is above {DB_POOL_MAX_SIZE} {most} in {', '.join(where)}: {most} stay open at most"
        for (idle, most), where in found.items()
    )
