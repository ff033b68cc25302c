"""A payment: its facts, which never change, and its state."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.payment import Decision, Status
from waqiti.contracts.reviews import ReviewKind

CREATED: Final = "payment.created"
"""The type of the event by which an accepted payment is queued: the first of its transitions."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was accepted. Amounts in minor units; ``manual`` asks for a hold that is captured later."""

    id: UUID
    from_wallet: UUID
    to_wallet: UUID
    from_account: UUID
    to_account: UUID
    from_customer: UUID
    to_customer: UUID
    amount: int
    currency: str
    manual: bool
    fee: int
    description: str | None
    metadata: dict[str, str] | None
    created_by: str
    created_at: datetime


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where a payment stands.

    ``reserved`` is what refunds under way will give back. ``fee_captured`` went to the fees account; ``fee_shared`` is
    the part of it that refunds so far have had their share of, returned or not. ``settled_by`` is the transfer that
    moved the money. ``review`` is the first of what a person has to look at, None where nothing is.
    """

    status: Status = "created"
    captured: int = 0
    refunded: int = 0
    reserved: int = 0
    fee_captured: int = 0
    fee_shared: int = 0
    steps: int = 0
    refunds: int = 0
    review: ReviewKind | None = None
    failure_code: str | None = None
    settled_by: UUID | None = None
    decision: Decision | None = None
    updated_at: datetime


class Payment(msgspec.Struct, frozen=True):
    """Both together."""

    facts: Facts
    state: State


class Queued(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data of an event on ``payment-events``: the facts that deciding needs.

    Free text stays in the database: ``text`` says that there is some to screen.
    """

    payment_id: UUID
    from_wallet: UUID
    to_wallet: UUID
    from_account: UUID
    to_account: UUID
    from_customer: UUID
    to_customer: UUID
    amount: int
    currency: str
    manual: bool = False
    fee: int = 0
    text: bool = False
    actor: str
    at: datetime


def queued(facts: Facts) -> Queued:
    """Return what the worker is told about a payment."""
    return Queued(
        payment_id=facts.id,
        from_wallet=facts.from_wallet,
        to_wallet=facts.to_wallet,
        from_account=facts.from_account,
        to_account=facts.to_account,
        from_customer=facts.from_customer,
        to_customer=facts.to_customer,
        amount=facts.amount,
        currency=facts.currency,
        manual=facts.manual,
        fee=facts.fee,
        text=facts.description is not None,
        actor=facts.created_by,
        at=facts.created_at,
    )
