"""compliance-service: customers, screening and limits, in batches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from waqiti.contracts.caller import Caller
from waqiti.contracts.fraud import Reason
from waqiti.foundation.money import MAX_AMOUNT

MAX_BATCH: Final = 1_000

Tier = Literal["basic", "standard", "enhanced"]
CustomerStatus = Literal["active", "in_review", "blocked"]
ScreeningOutcome = Literal["clear", "possible", "confirmed"]


class ScreenRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One movement of money to screen and to reserve limits for.

    ``from_customer`` is None for a deposit, ``to_customer`` for a withdrawal. ``id`` reserves once, however often it
    is asked. ``text`` is free text that travels with the money. ``created_at`` picks the windows of the limits.
    """

    id: UUID
    kind: Literal["payment", "withdrawal", "deposit", "exchange"]
    from_customer: UUID | None
    to_customer: UUID | None
    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    created_at: Annotated[datetime, Meta(tz=True)]
    text: str | None = None


class ScreenRequests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most ``MAX_BATCH`` items."""

    items: Annotated[list[ScreenRequest], Meta(max_length=MAX_BATCH)]


class ComplianceDecision(msgspec.Struct, frozen=True, kw_only=True):
    """``refusals`` are codes of ``contracts.refusals``; ``max_credit_balance`` is what the payee may hold at most."""

    id: UUID
    outcome: ScreeningOutcome
    refusals: list[str]
    reasons: list[Reason]
    max_credit_balance: int | None = None


class ComplianceDecisions(msgspec.Struct, frozen=True):
    """In the order of the request."""

    decisions: list[ComplianceDecision]


class CustomerIds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[UUID], Meta(max_length=MAX_BATCH)]


class CustomerFacts(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    tier: Tier
    status: CustomerStatus


class CustomerFactsList(msgspec.Struct, frozen=True):
    customers: list[CustomerFacts]


class Resolution(msgspec.Struct, frozen=True):
    """How a reserved movement ended: ``confirm`` counts ``amount`` for good, ``release`` gives all of it back."""

    id: UUID
    outcome: Literal["confirm", "release"]
    amount: Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]


class Resolutions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: Annotated[list[Resolution], Meta(max_length=MAX_BATCH)]


class Resolved(msgspec.Struct, frozen=True):
    """How many reservations were open and are resolved now."""

    count: int


class ComplianceClient:
    """Typed calls of compliance-service."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def screen(self, items: Sequence[ScreenRequest], *, timeout_seconds: float = 2.0) -> list[ComplianceDecision]:
        """Screen items and reserve their limits; the first decision about an id is stored and given again."""
        reply = await self._caller.call(
            "POST",
            "/internal/screen",
            ScreenRequests(list(items)),
            ComplianceDecisions,
            timeout_seconds=timeout_seconds,
        )
        return reply.decisions

    async def screen_again(
        self, items: Sequence[ScreenRequest], *, timeout_seconds: float = 2.0
    ) -> list[ComplianceDecision]:
        """Screen the parties and the text of items anew, by the list in use, before what was held goes on.

        What was decided and reserved at first stays as it is; limits are not looked at again.
        """
        reply = await self._caller.call(
            "POST",
            "/internal/screen/again",
            ScreenRequests(list(items)),
            ComplianceDecisions,
            timeout_seconds=timeout_seconds,
        )
        return reply.decisions

    async def customers(self, ids: Sequence[UUID], *, timeout_seconds: float = 2.0) -> list[CustomerFacts]:
        """Read the facts of customers; unknown ones are left out."""
        reply = await self._caller.call(
            "POST",
            "/internal/customers/facts",
            CustomerIds(list(ids)),
            CustomerFactsList,
            timeout_seconds=timeout_seconds,
        )
        return reply.customers

    async def resolve(self, items: Sequence[Resolution], *, timeout_seconds: float = 2.0) -> None:
        """Confirm or release reservations of movements that are not payments; twice is no error."""
        await self._caller.call(
            "POST",
            "/internal/reservations/resolve",
            Resolutions(list(items)),
            Resolved,
            timeout_seconds=timeout_seconds,
        )
