"""One payment's life, gathered from the databases of all who had a part in it; what is away is said, the rest read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar
from uuid import UUID

import msgspec

from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, NOTIFICATION, PAYMENT
from waqiti.contracts.payment import fee_transfer_id, refund_transfer_id, step_transfer_id
from waqiti.foundation.database import Connection
from waqiti.operations.facts.decisions import ComplianceFacts, FraudFacts, compliance_facts, fraud_facts
from waqiti.operations.facts.deliveries import DeliveryFacts, delivery_facts
from waqiti.operations.facts.ledger import LedgerFacts, ledger_facts
from waqiti.operations.facts.payment import PaymentLife, payment_life
from waqiti.operations.facts.reading import Source, Unreadable, read_fact
from waqiti.operations.facts.reviews import ReviewsFacts, reviews_facts

Fact = TypeVar("Fact")


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """All that could be read; a part that is None was not found, or is among ``unreadable``.

    ``known`` is payment-service's part: None where there is no such payment, or its database is away.
    """

    payment_id: UUID
    known: PaymentLife | None
    fraud: FraudFacts | None
    compliance: ComplianceFacts | None
    ledger: LedgerFacts | None
    reviews: ReviewsFacts | None
    deliveries: list[DeliveryFacts] | None
    unreadable: list[Unreadable]


async def read_life(databases: Mapping[str, str], payment_id: UUID) -> Life:
    """Read a payment's life from the ``databases`` of the deployments; it takes two time limits at most.

    A deployment that this platform does not have is no gap.
    """
    away: list[Unreadable] = []

    async def read(fact: str, deployment: str, look: Callable[[Connection, UUID], Awaitable[Fact]]) -> Fact | None:
        if deployment not in databases:
            return None
        source = Source(deployment, databases[deployment])
        found = await read_fact(fact, source, lambda connection: look(connection, payment_id))
        if isinstance(found, Unreadable):
            away.append(found)
            return None
        return found

    known, fraud, compliance, reviews, deliveries = await asyncio.gather(
        read("payment", PAYMENT, payment_life),
        read("score", FRAUD, fraud_facts),
        read("screening", COMPLIANCE, compliance_facts),
        read("reviews", FRAUD, reviews_facts),
        read("deliveries", NOTIFICATION, delivery_facts),
    )
    ids = transfer_names(payment_id, known)
    ledger = await read("ledger", LEDGER, partial(_ledger, ids=list(ids)))
    if ledger is not None and known is not None:
        # Whoever is paid is party to every transfer of a payment.
        ledger = ledger.in_order_of(known.payment.to_account)
    return Life(
        payment_id=payment_id,
        known=known,
        fraud=fraud,
        compliance=compliance,
        ledger=ledger,
        reviews=reviews,
        deliveries=deliveries,
        unreadable=sorted(away, key=lambda one: one.fact),
    )


def transfer_names(payment_id: UUID, known: PaymentLife | None) -> dict[UUID, str]:
    """Return the ids under which the ledger may know parts of a payment, each with what it is."""
    names = {payment_id: "payment"}
    if known is not None:
        names |= {step_transfer_id(payment_id, step.kind, step.number): step.kind for step in known.steps}
        names |= {refund_transfer_id(payment_id, refund.number): f"refund {refund.number}" for refund in known.refunds}
    return names | {fee_transfer_id(one): f"fee of {name}" for one, name in names.items()}


async def _ledger(connection: Connection, _payment_id: UUID, *, ids: list[UUID]) -> LedgerFacts:
    return await ledger_facts(connection, ids)
