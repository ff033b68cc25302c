"""What several public bodies share."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from waqiti.contracts import prefixes

Item = TypeVar("Item")


def _id_of(prefix: str) -> Meta:
    """Say in the document what an id looks like; what looks otherwise is not found, which is no matter of the shape."""
    pattern = f"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"
    return Meta(examples=[f"{prefix}_01k0b2c3d4e5f6g7h8j9kamnpq"], extra_json_schema={"pattern": pattern})


CustomerId = Annotated[str, _id_of(prefixes.CUSTOMER)]
WalletId = Annotated[str, _id_of(prefixes.WALLET)]
PaymentId = Annotated[str, _id_of(prefixes.PAYMENT)]
RefundId = Annotated[str, _id_of(prefixes.REFUND)]
DepositId = Annotated[str, _id_of(prefixes.DEPOSIT)]
WithdrawalId = Annotated[str, _id_of(prefixes.WITHDRAWAL)]
EventId = Annotated[str, _id_of(prefixes.EVENT)]
ReviewId = Annotated[str, _id_of(prefixes.REVIEW)]
DisputeId = Annotated[str, _id_of(prefixes.DISPUTE)]
CaseId = Annotated[str, _id_of(prefixes.CASE)]
WebhookEndpointId = Annotated[str, _id_of(prefixes.WEBHOOK_ENDPOINT)]
PeriodCloseId = Annotated[str, _id_of(prefixes.PERIOD_CLOSE)]
JournalEntryId = Annotated[str, _id_of(prefixes.JOURNAL_ENTRY)]
DeliveryId = Annotated[str, _id_of(prefixes.DELIVERY)]
Currency = Annotated[
    str,
    Meta(description="An active ISO 4217 code.", examples=["EUR"], extra_json_schema={"pattern": "^[A-Z]{3}$"}),
]
Time = Annotated[datetime, Meta(tz=True)]


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list, newest first; ``next_cursor`` is None on the last."""

    data: list[Item]
    next_cursor: str | None


class Failure(msgspec.Struct, frozen=True):
    """Why money did not move: a stable code and a sentence."""

    code: str
    detail: str


class PublicReason(msgspec.Struct, frozen=True):
    """One reason of a decision."""

    code: str
    detail: str
