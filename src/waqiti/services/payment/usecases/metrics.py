"""What is counted about payments.

``payment_total`` counts payments that ended, but for refusals of the customer's making, and each one that nothing is
decided about after 30 s; ``payment_success_total`` those that ended as they were asked to. Neither has labels, so that
one divides by the other.
"""

from typing import Final

from waqiti.contracts import refusals
from waqiti.contracts.payment import FINAL, Status
from waqiti.foundation.telemetry import counter

TOTAL: Final = counter("payment_total", "Payments that ended, refusals of the customer's making left out.")
SUCCESS: Final = counter("payment_success_total", "Payments that ended as they were asked to.")
REFUSED: Final = counter("payment_refused_total", "Payments refused for a reason of the customer's.", ("reason",))
POISONED: Final = counter("payment_poisoned_total", "Payments found to be poison, once for each time they were asked.")
STUCK: Final = counter(
    "payment_stuck_total", "Steps, refunds, clocks and reviews that could not be driven on.", ("what",)
)
SWEEPS_FAILED: Final = counter("payment_sweep_failures_total", "Rounds of retries and sweeps that failed.", ("sweep",))

_REASONS: Final = {
    refusals.INSUFFICIENT_FUNDS: "funds",
    refusals.LIMIT_EXCEEDED: "limit",
    refusals.FRAUD_DECLINED: "fraud",
    refusals.SANCTIONS_HIT: "sanctions",
    refusals.WALLET_FROZEN: "account",
    refusals.WALLET_CLOSED: "account",
    refusals.CUSTOMER_NOT_ACTIVE: "account",
}
_REFUNDED: Final = frozenset({"partially_refunded", "refunded"})
_UNSUCCESSFUL: Final = frozenset({"failed", "declined"})


def count_ended(status: Status, failure_code: str | None) -> None:
    """Count a payment that has come to ``status``; one that has not ended there is not counted."""
    if status not in FINAL or status in _REFUNDED:
        return
    reason = None if failure_code is None else _REASONS.get(failure_code)
    if reason is not None:
        REFUSED.labels(reason).inc()
        return
    TOTAL.inc()
    if status not in _UNSUCCESSFUL:
        SUCCESS.inc()


def count_poisoned() -> None:
    """Count a payment that could not be decided although it was asked about alone."""
    POISONED.inc()


def count_stuck(what: str) -> None:
    """Count something that was begun and cannot be finished."""
    STUCK.labels(what).inc()


def count_sweep_failed(sweep: str) -> None:
    """Count a round that failed."""
    SWEEPS_FAILED.labels(sweep).inc()


def count_late(payments: int) -> None:
    """Count payments that nothing is decided about after 30 s."""
    TOTAL.inc(payments)
