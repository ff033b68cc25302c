"""Compliance cases: customers who may be on a list, as operators see them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from waqiti.contracts.public.common import CaseId, CustomerId, Time

CaseOutcome = Literal["possible", "confirmed"]
CaseStatus = Literal["open", "approved", "declined"]


class NewCaseDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person decides: ``approve`` says that the customer is nobody whom the lists mean.

    ``list_version`` is that of the case as they saw it; given, the case must not have grown since.
    """

    outcome: Annotated[Literal["approve", "decline"], Meta(examples=["approve"])]
    reason: Annotated[str, Meta(min_length=1, max_length=500, examples=["Another date of birth, by the passport"])]
    list_version: str | None = None


class CaseMatch(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a list that is like the customer's name: ``name`` is the one of its names, ``score`` is 0..1."""

    source: str
    reference: str
    kind: Literal["individual", "entity", "vessel", "aircraft"]
    name: str
    score: float


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What screening a customer's name has found; ``list_version`` is that of all lists together at the last time."""

    id: CaseId
    customer_id: CustomerId
    outcome: CaseOutcome
    status: CaseStatus
    matches: list[CaseMatch]
    list_version: str
    opened_at: Time
    decided_at: Time | None
    decided_by: str | None
    reason: str | None
