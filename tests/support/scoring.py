"""Items to score and to screen, as payment-service sends them."""

from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

from waqiti.contracts.compliance import ScreenRequest
from waqiti.contracts.fraud import ScoreRequest
from waqiti.foundation.ids import new_id

NOON: Final = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)


def scored(
    payer: UUID,
    payee: UUID | None,
    amount: int,
    *,
    at: datetime = NOON,
    currency: str = "EUR",
    kind: Literal["payment", "withdrawal", "exchange"] = "payment",
    payment_id: UUID | None = None,
) -> ScoreRequest:
    """Return a payment between customers; each has one wallet, with the customer's own number."""
    return ScoreRequest(
        id=payment_id or new_id(),
        kind=kind,
        from_wallet=payer,
        to_wallet=payee,
        from_customer=payer,
        to_customer=payee,
        amount=amount,
        currency=currency,
        created_at=at,
    )


def screened(
    payer: UUID | None,
    payee: UUID | None,
    amount: int,
    *,
    at: datetime = NOON,
    currency: str = "EUR",
    kind: Literal["payment", "withdrawal", "deposit", "exchange"] = "payment",
    payment_id: UUID | None = None,
    text: str | None = None,
) -> ScreenRequest:
    """Return a payment between customers, to screen."""
    return ScreenRequest(
        id=payment_id or new_id(),
        kind=kind,
        from_customer=payer,
        to_customer=payee,
        amount=amount,
        currency=currency,
        created_at=at,
        text=text,
    )
