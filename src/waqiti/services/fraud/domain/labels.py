"""What people find out about movements, in reviews and in disputes."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts.casework import DisputeEvent, DisputeKind, DisputeStatus
from waqiti.contracts.public.reviews import Label

_OF_DISPUTES: Final[dict[tuple[DisputeKind, DisputeStatus], Label]] = {
    ("wrongly_blocked", "lost"): "legitimate",
    ("fraud", "lost"): "fraud",
    ("fraud", "won"): "legitimate",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A label of a movement; ``origin`` is the review or the dispute that it comes from, and has one."""

    subject_id: UUID
    source: Literal["review", "dispute"]
    origin: UUID
    label: Label
    actor: str
    at: datetime


def finding_of(dispute: DisputeEvent) -> Finding | None:
    """Return what a dispute says about its payment as it stands: who disputed was right where it is ``lost``."""
    label = _OF_DISPUTES.get((dispute.kind, dispute.status))
    if label is None:
        return None
    return Finding(
        subject_id=dispute.payment_id,
        source="dispute",
        origin=dispute.dispute_id,
        label=label,
        actor=dispute.actor,
        at=dispute.at,
    )
