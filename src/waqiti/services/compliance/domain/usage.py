"""Taking from windows, in the order of a batch."""

from collections.abc import Iterable, Mapping

import msgspec

from waqiti.services.compliance.domain.limits import Counter
from waqiti.services.compliance.domain.reservations import Reservation, over_limit


class Share(msgspec.Struct, frozen=True):
    """What a batch takes from one counter, and up to what the counter may go."""

    amount: int
    limit: int


def shares(reservations: Iterable[Reservation]) -> dict[Counter, Share]:
    """Add up what reservations take from each counter; where two limits differ, the lower one counts."""
    found: dict[Counter, Share] = {}
    for reservation in reservations:
        for counter in reservation.counters:
            amount, limit = reservation.item.amount, reservation.limit(counter.period)
            first = found.get(counter)
            found[counter] = (
                Share(amount, limit) if first is None else Share(first.amount + amount, min(first.limit, limit))
            )
    return found


class Windows:
    """Counters as they stand under their locks, and as the batch moves them."""

    def __init__(self, used: Mapping[Counter, int]) -> None:
        self._used = dict(used)

    def take(self, reservation: Reservation) -> Reservation:
        """Count ``reservation``, or return its refusal, which counts nothing."""
        amount = reservation.item.amount
        for counter in reservation.counters:
            if self._used[counter] + amount > reservation.limit(counter.period):
                return over_limit(reservation.item, counter.period)
        for counter in reservation.counters:
            self._used[counter] += amount
        return reservation
