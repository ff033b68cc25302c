"""Disputes: about which payments one may be opened, and what comes of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, get_args
from uuid import UUID

import msgspec

from waqiti.contracts.casework import DisputeKind, DisputeStatus
from waqiti.contracts.payment import WAITING, Status
from waqiti.contracts.public.disputes import Outcome
from waqiti.foundation.errors import Problem
from waqiti.services.payment.domain.payments import Payment


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute; ``resolved_at``, ``resolved_by`` and ``reason`` are None while it is open."""

    id: UUID
    payment_id: UUID
    kind: DisputeKind
    detail: str
    status: DisputeStatus = "open"
    opened_by: str
    opened_at: datetime
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    reason: str | None = None


_ABOUT: Final[Mapping[DisputeKind, frozenset[Status]]] = {
    "wrongly_blocked": frozenset({"declined", "failed", "in_review"}),
    "fraud": frozenset({"authorized", "captured", "partially_refunded", "refunded"}),
    "other": frozenset(get_args(Status)) - WAITING,
}
"""The statuses of payments that each kind may be about: not let through, money moved or held, decided."""


def opened(payment: Payment, dispute_id: UUID, kind: DisputeKind, detail: str, actor: str, now: datetime) -> Dispute:
    """Return a new dispute about ``payment``.

    Raises:
        Problem: 409 ``conflict`` where the payment's status gives no reason for one of this kind.
    """
    status = payment.state.status
    if status not in _ABOUT[kind]:
        raise Problem.conflict(f"A payment that is {status} cannot be disputed as {kind}.")
    return Dispute(id=dispute_id, payment_id=payment.facts.id, kind=kind, detail=detail, opened_by=actor, opened_at=now)


def resolved(dispute: Dispute, outcome: Outcome, reason: str, actor: str, now: datetime) -> Dispute:
    """Return the dispute as it ended.

    Raises:
        Problem: 409 ``conflict`` where it has ended before.
    """
    if dispute.status != "open":
        raise Problem.conflict(f"The dispute is {dispute.status} already.")
    return msgspec.structs.replace(dispute, status=outcome, resolved_at=now, resolved_by=actor, reason=reason)
