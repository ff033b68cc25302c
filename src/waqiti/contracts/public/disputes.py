"""Disputes: somebody says that a payment went wrong, and an operator finds out who is right."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from waqiti.contracts.casework import DisputeKind, DisputeStatus
from waqiti.contracts.public.common import DisputeId, PaymentId, Time

Outcome = Literal["won", "lost"]
"""``lost``: the platform was wrong, who disputed was right; ``won``: the platform was right."""


class NewDispute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said to have gone wrong: a payment should not have been blocked, it is fraud, or something else."""

    kind: Annotated[DisputeKind, Meta(examples=["other"])]
    detail: Annotated[str, Meta(min_length=1, max_length=2_000, examples=["The goods never came"])]


class NewResolution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of a dispute: ``lost`` where the platform was wrong, ``won`` where it was right."""

    outcome: Annotated[Outcome, Meta(examples=["won"])]
    reason: Annotated[str, Meta(min_length=1, max_length=500, examples=["The carrier has a signature"])]


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute about one payment; the last three are None while it is open.

    Of them ``resolved_by`` and ``reason`` are shown to operators only: to others they are None for ever.
    """

    id: DisputeId
    payment_id: PaymentId
    kind: DisputeKind
    detail: str
    status: DisputeStatus
    opened_at: Time
    resolved_at: Time | None
    resolved_by: str | None
    reason: str | None
