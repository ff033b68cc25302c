"""What payment-service says of reviews and disputes, and how fraud-service answers it."""

from typing import Any, Final

import msgspec

from tests.support.desk import Desk, uuid_of
from waqiti.contracts.casework import PAYMENT_CASEWORK
from waqiti.contracts.catalog import FRAUD, PAYMENT
from waqiti.contracts.payment import PaymentClient
from waqiti.contracts.reviews import ReviewKind, Verdict
from waqiti.foundation.http.client import ServiceClient

REVIEWER: Final = "key_of_a_reviewer"
_EVENTS: Final = """
SELECT type, convert_to(data::text, 'UTF8') AS data FROM eventlog.events
WHERE topic = $1 AND subject = $2 ORDER BY partition, "offset"
"""


async def casework(desk: Desk, payment: Any) -> list[tuple[str, Any]]:
    """Return what was said of a payment, in order: type and data of each event."""
    rows = await desk.sql(_EVENTS, PAYMENT_CASEWORK, uuid_of(payment))
    return [(row["type"], msgspec.json.decode(row["data"])) for row in rows]


async def told(desk: Desk, payment: Any) -> list[str]:
    """Return what was said of a payment's reviews in short: the kinds that are due, or that they are over."""
    events = await casework(desk, payment)
    return [" ".join(data["kinds"]) if kind == "review.due" else "over" for kind, data in events]


def approval(payment: Any, *kinds: ReviewKind) -> Verdict:
    """People have approved a payment in all of ``kinds``."""
    return Verdict(
        subject_id=uuid_of(payment),
        outcome="approve",
        approved=list(kinds),
        declined=None,
        actor=REVIEWER,
        reason="They know the shop.",
    )


def refusal(payment: Any, kind: ReviewKind) -> Verdict:
    """A person has declined a payment."""
    return Verdict(
        subject_id=uuid_of(payment),
        outcome="decline",
        approved=[],
        declined=kind,
        actor=REVIEWER,
        reason="They never heard of the shop.",
    )


async def tell(desk: Desk, verdict: Verdict) -> str:
    """Tell a verdict as fraud-service does; return the status that payment-service answers."""
    authorization = desk.house.issuer(FRAUD).authorization
    caller = ServiceClient(PAYMENT, desk.addresses[PAYMENT], authorization=authorization)
    try:
        return (await PaymentClient(caller).reviewed(verdict, timeout_seconds=15)).status
    finally:
        await caller.close()
