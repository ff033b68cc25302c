"""The review queue as operators see it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from waqiti.contracts.public.common import Currency, PublicReason, ReviewId, Time, WalletId
from waqiti.contracts.reviews import ReviewKind, ReviewOutcome

Label = Literal["legitimate", "fraud", "unsure"]
ReviewStatus = Literal["open", "approved", "declined", "closed"]
"""``closed``: it was over before anybody decided: voided, out of time, or its score came and approved it."""


class NewReviewDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person decides. ``label`` says what they found out about the payer, and teaches the fraud figures."""

    outcome: Annotated[ReviewOutcome, Meta(examples=["approve"])]
    reason: Annotated[str, Meta(min_length=1, max_length=500, examples=["Spoke with the customer, who knows the shop"])]
    label: Label | None = None


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for a person to look at a payment or a withdrawal; exactly one of the two ids is given.

    ``score`` is 0..1, None where there is none. After ``decide_by`` nobody can decide it any more.
    """

    id: ReviewId
    kind: ReviewKind
    status: ReviewStatus
    payment_id: str | None
    withdrawal_id: str | None
    from_wallet: WalletId
    to_wallet: WalletId | None
    amount: int
    currency: Currency
    score: float | None
    reasons: list[PublicReason]
    opened_at: Time
    decide_by: Time | None
    decided_at: Time | None
    decided_by: str | None
    reason: str | None
    label: Label | None
