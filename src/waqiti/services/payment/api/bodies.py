"""What clients send."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waqiti.contracts.public.payments import Amount, BatchPayment, Text

MAX_BATCH: Final = 1_000


class NewPayments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payments to make, each for itself."""

    payments: Annotated[list[BatchPayment], Meta(min_length=1, max_length=MAX_BATCH)]


class RawPayments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same, each still to be read: what is wrong with one is no matter of the others."""

    payments: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_BATCH)]


class CapturePayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to capture; all where there is no amount."""

    amount: Amount | None = None


class VoidPayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to say."""


class RefundPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to give back; all that is left where there is no amount."""

    amount: Amount | None = None
    reason: Text | None = None
    refund_fee: bool = False
