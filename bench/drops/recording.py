"""What came of every request, counted for the operation that was going on, and each violation in full."""

import math
import statistics
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Final

import msgspec

from bench.drops.exchange import Drop, Kind
from bench.printing import print_lines

SLOW_SECONDS: Final = 10.0
_PRINTED: Final = 500


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a client without retries must never see; ``seconds`` since its request was sent."""

    violation: Kind
    at: datetime
    operation: str
    client: str
    sent: str
    came: str
    seconds: float


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What clients saw of one operation, from its begin to that of the next; times in milliseconds.

    ``seconds`` is what the command took. ``latest_sent_ms`` is how much later than it was due a request was sent, at
    worst: because this program did not run, or all kept connections were in use. On a crowded machine it is large.
    ``longest_gap_ms`` is the longest time in which no payment got a final answer, ``longest_until_final_ms`` what the
    ``slowest`` payment took, from its own times.
    """

    operation: str
    detail: str
    seconds: float
    requests: int
    not_final_at_first: int
    violations: dict[str, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    latest_sent_ms: float
    longest_gap_ms: float
    longest_until_final_ms: float
    slowest: str | None


class Tally:
    """Counts of one period."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.latencies: list[float] = []
        self.violations: Counter[str] = Counter()
        self.not_final_at_first = 0
        self.latest_sent_seconds = 0.0
        self.longest_gap_seconds = 0.0
        self.longest_until_final_seconds = 0.0
        self.slowest: str | None = None

    def period(self, detail: str, seconds: float) -> Period:
        """Return it as it is printed."""
        cuts = percentiles(self.latencies)
        return Period(
            operation=self.operation,
            detail=detail,
            seconds=seconds,
            requests=len(self.latencies),
            not_final_at_first=self.not_final_at_first,
            violations=dict(self.violations),
            p50_ms=cuts[49],
            p95_ms=cuts[94],
            p99_ms=cuts[98],
            max_ms=max(self.latencies, default=0.0) * 1000,
            latest_sent_ms=self.latest_sent_seconds * 1000,
            longest_gap_ms=self.longest_gap_seconds * 1000,
            longest_until_final_ms=self.longest_until_final_seconds * 1000,
            slowest=self.slowest,
        )

    def final(self, payment: str, gap_seconds: float, until_final_seconds: float) -> None:
        """Count a final answer."""
        self.longest_gap_seconds = max(self.longest_gap_seconds, gap_seconds)
        if until_final_seconds > self.longest_until_final_seconds:
            self.longest_until_final_seconds, self.slowest = until_final_seconds, payment


def percentiles(latencies: list[float]) -> list[float]:
    """Return the 99 percentiles of ``latencies`` (seconds) in milliseconds; zeros for fewer than two."""
    if len(latencies) < 2:
        return [0.0] * 99
    return [cut * 1000 for cut in statistics.quantiles(latencies, n=100)]


class Recorder:
    """``now`` is the tally of the operation that is going on."""

    def __init__(self) -> None:
        self.now = Tally("none")
        self.all = Tally("all")
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()
        self.bound_reached: Counter[str] = Counter()
        self._final_at = math.inf

    def begin(self, operation: str) -> Tally:
        """Count for ``operation`` from now on."""
        self.now = Tally(operation)
        return self.now

    def answered(self, client: str, status: int, seconds: float) -> None:
        """Count a request that was answered, or not (status 0)."""
        self.requests[client] += 1
        self.statuses[str(status) if status else "none"] += 1
        for tally in (self.now, self.all):
            tally.latencies.append(seconds)

    def sends(self, late_seconds: float) -> None:
        """Note how much later than it was due a request is sent."""
        for tally in (self.now, self.all):
            tally.latest_sent_seconds = max(tally.latest_sent_seconds, late_seconds)

    def final(self, payment: str, until_final_seconds: float) -> None:
        """Note the first final answer about a payment, and how long that took."""
        now = time.monotonic()
        for tally in (self.now, self.all):
            tally.final(payment, now - self._final_at, until_final_seconds)
        self._final_at = now

    def not_final(self) -> None:
        """Note a payment that was accepted and not final yet."""
        self.now.not_final_at_first += 1
        self.all.not_final_at_first += 1

    def violation(self, drop: Drop, *, client: str, sent: str, seconds: float = 0.0) -> None:
        """Keep a violation, and print it unless there were hundreds already."""
        self.now.violations[drop.kind] += 1
        self.all.violations[drop.kind] += 1
        if self.all.violations.total() <= _PRINTED:
            print_lines(
                Violation(
                    violation=drop.kind,
                    at=datetime.now(UTC),
                    operation=self.now.operation,
                    client=client,
                    sent=sent,
                    came=drop.detail,
                    seconds=seconds,
                )
            )
