"""What clients send."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from waqiti.contracts.public.common import Currency, WalletId
from waqiti.foundation.money import MAX_AMOUNT

MAX_BATCH: Final = 1_000
_MAX_KEY_CHARACTERS: Final = 255

Amount = Annotated[int, Meta(ge=1, le=MAX_AMOUNT)]
Fee = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
Text = Annotated[str, Meta(max_length=500)]
MetadataKey = Annotated[str, Meta(min_length=1, max_length=40)]
Metadata = Annotated[dict[MetadataKey, Text], Meta(max_length=50)]


class NewPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payment to make; amounts in minor units, the fee out of what the payee receives."""

    from_wallet: WalletId
    to_wallet: WalletId
    amount: Amount
    currency: Currency
    capture: Literal["automatic", "manual"] = "automatic"
    fee: Fee = 0
    description: Text | None = None
    metadata: Metadata | None = None


class BatchPayment(NewPayment, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payment of a batch, under a key of its own."""

    idempotency_key: Annotated[str, Meta(min_length=1, max_length=_MAX_KEY_CHARACTERS, pattern="^[ -~]+$")]


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
