"""What clients send."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from waqiti.contracts.public.common import Currency, CustomerId, WalletId
from waqiti.foundation.money import MAX_AMOUNT

Amount = Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="Minor units of the currency.", examples=[1250])]
ReasonText = Annotated[str, Meta(min_length=1, max_length=500, examples=["The card was reported stolen"])]
Reference = Annotated[str, Meta(max_length=140, description="Free text; of the sandbox rail also its directives.")]


class NewWallet(Struct, frozen=True, forbid_unknown_fields=True):
    """A wallet to open."""

    customer_id: CustomerId
    currency: Currency


class Freeze(Struct, frozen=True, forbid_unknown_fields=True):
    """``scope`` "debits" stops money going out, "all" also money coming in."""

    reason: ReasonText
    scope: Literal["debits", "all"] = "debits"


class WithReason(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a wallet is unfrozen or closed."""

    reason: ReasonText


class NewMovement(Struct, frozen=True, forbid_unknown_fields=True):
    """A deposit or withdrawal to make."""

    wallet_id: WalletId
    amount: Amount
    currency: Currency
    rail: Literal["sandbox"]
    reference: Reference | None = None
