"""fraud-service with its review queue, and compliance-service, as a test of withdrawals wants them."""

from typing import Any, Final
from uuid import UUID

import msgspec

from tests.support.deciders import Deciders, Mood, feel, service_of
from waqiti.contracts.catalog import COMPLIANCE, FRAUD
from waqiti.contracts.compliance import CustomerFacts, CustomerFactsList, CustomerIds, Resolutions, Resolved
from waqiti.contracts.reviews import Accepted, ReviewDue, ReviewKind, ReviewOver, ReviewsDue, ReviewsOver, Verdict
from waqiti.foundation.http import Incoming, Outgoing
from waqiti.foundation.runtime import Service

REVIEWER: Final = "key_of_a_reviewer"
_encode: Final = msgspec.json.Encoder().encode


class Reviewers(Deciders):
    """What deciders say, and what they are told of reviews; ``queue`` says how the queue is.

    Nobody has a name, so that any id is a customer's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.queue: Mood = "well"
        self.told: list[ReviewDue | ReviewOver] = []

    def services(self) -> list[Service[Any]]:
        """Return fraud-service and compliance-service."""
        fraud = {
            "/internal/score": self._score,
            "/internal/reviews/due": self._due,
            "/internal/reviews/over": self._over,
        }
        compliance = {
            "/internal/screen": self._screen,
            "/internal/screen/again": self._screen_again,
            "/internal/customers/facts": self._customers,
            "/internal/reservations/resolve": self._resolve,
        }
        return [service_of(FRAUD, fraud), service_of(COMPLIANCE, compliance)]

    def heard(self, withdrawal: UUID) -> list[str]:
        """Return what was said of a withdrawal, each thing once: the kinds that are due, or that it is over."""
        said = [item for item in self.told if item.subject_id == withdrawal]
        return list(dict.fromkeys(" ".join(one.kinds) if isinstance(one, ReviewDue) else "over" for one in said))

    async def _due(self, incoming: Incoming) -> Outgoing:
        return await self._take(msgspec.json.decode(incoming.body, type=ReviewsDue).items)

    async def _over(self, incoming: Incoming) -> Outgoing:
        return await self._take(msgspec.json.decode(incoming.body, type=ReviewsOver).items)

    async def _take(self, items: list[ReviewDue] | list[ReviewOver]) -> Outgoing:
        await feel(self.queue, FRAUD)
        self.told += items
        return Outgoing(200, _encode(Accepted(len(items))))

    async def _customers(self, incoming: Incoming) -> Outgoing:
        ids = msgspec.json.decode(incoming.body, type=CustomerIds).ids
        facts = [CustomerFacts(id=one, tier="basic", status="active") for one in ids]
        return Outgoing(200, _encode(CustomerFactsList(facts)))

    async def _resolve(self, incoming: Incoming) -> Outgoing:
        await feel(self.compliance, COMPLIANCE)
        items = msgspec.json.decode(incoming.body, type=Resolutions).items
        return Outgoing(200, _encode(Resolved(len(items))))


def approval(withdrawal: UUID, *kinds: ReviewKind) -> Verdict:
    """People have approved a withdrawal in all of ``kinds``."""
    return _verdict(withdrawal, list(kinds), None)


def refusal(withdrawal: UUID, kind: ReviewKind) -> Verdict:
    """A person has declined a withdrawal."""
    return _verdict(withdrawal, [], kind)


def _verdict(withdrawal: UUID, approved: list[ReviewKind], declined: ReviewKind | None) -> Verdict:
    return Verdict(
        subject_id=withdrawal,
        outcome="approve" if declined is None else "decline",
        approved=approved,
        declined=declined,
        actor=REVIEWER,
        reason="Spoke with the customer.",
    )
