"""What became of the payments of a demo."""

from collections import Counter
from statistics import quantiles

import msgspec

from waqiti.cli.town.orders import Order
from waqiti.client import Payment


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One answered payment."""

    order: Order
    payment: Payment


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Payments with one status and one ``failure.code``, None where there is no failure; amount in minor units."""

    status: str
    code: str | None
    payments: int
    amount: int


class Tally:
    """Counts answers; keeps the first of each outcome, by their places in the day."""

    def __init__(self) -> None:
        self._payments: Counter[tuple[str, str | None]] = Counter()
        self._amounts: Counter[tuple[str, str | None]] = Counter()
        self._first: dict[tuple[str, str | None], Outcome] = {}
        self._latencies: list[float] = []

    def add(self, order: Order, payment: Payment, seconds: float) -> None:
        """Count one answer, which took so long."""
        key = payment.status, payment.failure.code if payment.failure is not None else None
        self._payments[key] += 1
        self._amounts[key] += order.amount
        self._latencies.append(seconds)
        first = self._first.get(key)
        if first is None or order.number < first.order.number:
            self._first[key] = Outcome(order=order, payment=payment)

    @property
    def payments(self) -> int:
        """How many were answered."""
        return self._payments.total()

    @property
    def lines(self) -> list[Line]:
        """The outcomes, frequent ones first."""
        keys = sorted(self._payments, key=lambda key: (-self._payments[key], key[0], key[1] or ""))
        return [
            Line(status=status, code=code, payments=self._payments[status, code], amount=self._amounts[status, code])
            for status, code in keys
        ]

    @property
    def by_status(self) -> dict[str, int]:
        """How many ended in each status, frequent ones first."""
        counted: Counter[str] = Counter()
        for line in self.lines:
            counted[line.status] += line.payments
        return dict(counted.most_common())

    def latency_ms(self, percent: int) -> float:
        """Return a percentile of the time from a payment's request to its outcome."""
        return quantiles(self._latencies, n=100, method="inclusive")[percent - 1] * 1_000

    def first(self, status: str, code: str | None = None) -> Outcome | None:
        """Return the first payment of the day that ended so, if any did."""
        return self._first.get((status, code))
