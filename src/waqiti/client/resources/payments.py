"""Payments."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import body, instant, part, query
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.disputes import Dispute
from waqiti.contracts.public.payments import BatchPayment, BatchResults, Payment, PaymentEvent, Refund


class Payments(Resource[Mode]):
    """Payments between wallets."""

    @operation
    async def create(
        self,
        *,
        from_wallet: str,
        to_wallet: str,
        amount: int,
        currency: str,
        capture: str = "automatic",
        fee: int | None = None,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
        wait_seconds: int | None = None,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Pay ``amount`` minor units; waits up to ``wait_seconds`` (the platform's default is 5) for a decision.

        A refusal by funds, limits, fraud or compliance is a payment with that status and ``failure``, not an error.
        """
        fields = body(
            from_wallet=from_wallet,
            to_wallet=to_wallet,
            amount=amount,
            currency=currency,
            capture=None if capture == "automatic" else capture,
            fee=fee,
            description=description,
            metadata=metadata,
        )
        return await self._transport.post("/v1/payments", fields, Payment, idempotency_key, wait_seconds=wait_seconds)

    @operation
    async def batch(
        self, payments: Sequence[BatchPayment], *, wait_seconds: int | None = None, idempotency_key: str | None = None
    ) -> BatchResults:
        """Pay up to 1,000 at once; every item carries its own ``idempotency_key`` and gets its own result."""
        fields = {"payments": list(payments)}
        return await self._transport.post(
            "/v1/payments/batch", fields, BatchResults, idempotency_key, wait_seconds=wait_seconds
        )

    @operation
    async def get(self, payment_id: str) -> Payment:
        """Read a payment."""
        return await self._transport.get(f"/v1/payments/{part(payment_id)}", Payment)

    @operation
    async def list(
        self,
        *,
        wallet: str | None = None,
        status: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page[Payment]:
        """List payments, newest first."""
        path = query(
            "/v1/payments",
            wallet=wallet,
            status=status,
            created_after=instant(created_after),
            created_before=instant(created_before),
            limit=limit,
            cursor=cursor,
        )
        return await self._transport.get(path, Page[Payment])

    @operation
    async def events(self, payment_id: str, *, limit: int = 20, cursor: str | None = None) -> Page[PaymentEvent]:
        """List the transitions of a payment, newest first."""
        path = query(f"/v1/payments/{part(payment_id)}/events", limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[PaymentEvent])

    @operation
    async def capture(
        self, payment_id: str, *, amount: int | None = None, idempotency_key: str | None = None
    ) -> Payment:
        """Capture an authorized payment, whole or in part; the rest of the hold is released."""
        fields = body(amount=amount)
        return await self._transport.post(f"/v1/payments/{part(payment_id)}/capture", fields, Payment, idempotency_key)

    @operation
    async def void(self, payment_id: str, *, idempotency_key: str | None = None) -> Payment:
        """Cancel a payment that is authorized or in review."""
        return await self._transport.post(f"/v1/payments/{part(payment_id)}/void", {}, Payment, idempotency_key)

    @operation
    async def refund(
        self,
        payment_id: str,
        *,
        amount: int | None = None,
        reason: str | None = None,
        refund_fee: bool = False,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Give money back, up to what was captured; without ``amount`` all that is left."""
        fields = body(amount=amount, reason=reason, refund_fee=refund_fee or None)
        return await self._transport.post(f"/v1/payments/{part(payment_id)}/refunds", fields, Refund, idempotency_key)

    @operation
    async def dispute(self, payment_id: str, *, kind: str, detail: str, idempotency_key: str | None = None) -> Dispute:
        """Say that a payment went wrong; ``kind`` is ``wrongly_blocked``, ``fraud`` or ``other``."""
        fields = {"kind": kind, "detail": detail}
        return await self._transport.post(f"/v1/payments/{part(payment_id)}/disputes", fields, Dispute, idempotency_key)

    @operation
    async def disputes(self, payment_id: str, *, limit: int = 20, cursor: str | None = None) -> Page[Dispute]:
        """List the disputes about a payment, newest first."""
        path = query(f"/v1/payments/{part(payment_id)}/disputes", limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Dispute])
