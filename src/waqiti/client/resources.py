"""The calls of the API, a class per noun, as API paths name them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from urllib.parse import quote, urlencode

from waqiti.client.transport import Transport
from waqiti.contracts.public.cases import Case
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.customers import Customer
from waqiti.contracts.public.disputes import Dispute
from waqiti.contracts.public.events import Event
from waqiti.contracts.public.payments import BatchPayment, BatchResults, Payment, PaymentEvent, Refund
from waqiti.contracts.public.reviews import Review
from waqiti.contracts.public.status import PlatformStatus
from waqiti.contracts.public.wallets import Balance, BalanceAt, Movement, Statement, Wallet, WalletEntry
from waqiti.contracts.public.webhooks import Delivery, WebhookEndpoint, WebhookEndpointWithSecret
from waqiti.foundation.clock import rfc3339

_ENDPOINTS: Final = "/v1/webhook-endpoints"


class _Resource:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class Customers(_Resource):
    """Customers and their verification."""

    async def create(
        self,
        *,
        name: str,
        country: str,
        date_of_birth: date | None = None,
        email: str | None = None,
        idempotency_key: str | None = None,
    ) -> Customer:
        """Onboard a customer; ``status`` tells whether screening found something."""
        body = _body(name=name, country=country, date_of_birth=date_of_birth, email=email)
        return await self._transport.post("/v1/customers", body, Customer, idempotency_key)

    async def get(self, customer_id: str) -> Customer:
        """Read a customer."""
        return await self._transport.get(f"/v1/customers/{_part(customer_id)}", Customer)

    async def verify(
        self,
        customer_id: str,
        *,
        tier: str,
        documents: list[dict[str, str]] | None = None,
        idempotency_key: str | None = None,
    ) -> Customer:
        """Give a customer a tier (operators only); each document has a ``kind`` and a ``reference``."""
        path = f"/v1/customers/{_part(customer_id)}/verification"
        return await self._transport.post(path, _body(tier=tier, documents=documents), Customer, idempotency_key)


class Cases(_Resource):
    """Cases of customers who may be on a sanctions list (operators only)."""

    async def list(self, *, status: str | None = None, limit: int = 20, cursor: str | None = None) -> Page[Case]:
        """List cases, newest first; ``status`` is open, approved or declined."""
        path = _query("/v1/cases", status=status, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Case])

    async def get(self, case_id: str) -> Case:
        """Read a case."""
        return await self._transport.get(f"/v1/cases/{_part(case_id)}", Case)

    async def decide(
        self,
        case_id: str,
        *,
        outcome: str,
        reason: str,
        list_version: str | None = None,
        idempotency_key: str | None = None,
    ) -> Case:
        """Approve (the customer is nobody on the lists) or decline; ``list_version`` is that of the case as you saw it.

        Raises:
            Conflict: it was decided before, or has grown since you saw it.
        """
        body = _body(outcome=outcome, reason=reason, list_version=list_version)
        return await self._transport.post(f"/v1/cases/{_part(case_id)}/decision", body, Case, idempotency_key)


class Wallets(_Resource):
    """Wallets, their balances and entries."""

    async def create(self, *, customer_id: str, currency: str, idempotency_key: str | None = None) -> Wallet:
        """Open a wallet."""
        body = {"customer_id": customer_id, "currency": currency}
        return await self._transport.post("/v1/wallets", body, Wallet, idempotency_key)

    async def get(self, wallet_id: str) -> Wallet:
        """Read a wallet with its present balance."""
        return await self._transport.get(f"/v1/wallets/{_part(wallet_id)}", Wallet)

    async def list(self, *, customer_id: str | None = None, limit: int = 20, cursor: str | None = None) -> Page[Wallet]:
        """List wallets, newest first."""
        path = _query("/v1/wallets", customer_id=customer_id, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Wallet])

    async def balance(
        self, wallet_id: str, *, as_of: datetime | None = None, recorded_as_of: datetime | None = None
    ) -> Balance | BalanceAt:
        """Read a balance: now, as of an instant of effective time, or of recorded time, which also gives what was held.

        Raises:
            InvalidRequest: both times are given.
        """
        path = f"/v1/wallets/{_part(wallet_id)}/balance"
        if as_of is None and recorded_as_of is None:
            return await self._transport.get(path, Balance)
        path = _query(path, as_of=_instant(as_of), recorded_as_of=_instant(recorded_as_of))
        return await self._transport.get(path, BalanceAt)

    async def statement(self, wallet_id: str, *, from_: date | None = None, to: date | None = None) -> Statement:
        """Read what was booked from ``from_`` to before ``to``, each a time, or a day in UTC (``to``: its last).

        It begins with the wallet and ends now where nothing is said; at most 10,000 bookings.
        """
        return await self._transport.get(_statement_path(wallet_id, from_, to), Statement)

    async def statement_csv(self, wallet_id: str, *, from_: date | None = None, to: date | None = None) -> str:
        """Read a statement as CSV (RFC 4180) with a header; amounts in minor units."""
        return await self._transport.get_text(_statement_path(wallet_id, from_, to, format="csv"))

    async def entries(self, wallet_id: str, *, limit: int = 20, cursor: str | None = None) -> Page[WalletEntry]:
        """List entries, newest first."""
        path = _query(f"/v1/wallets/{_part(wallet_id)}/entries", limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[WalletEntry])

    async def freeze(
        self, wallet_id: str, *, reason: str, scope: str = "debits", idempotency_key: str | None = None
    ) -> Wallet:
        """Freeze debits, or all; nothing posts after this returns."""
        body = {"reason": reason, "scope": scope}
        return await self._transport.post(f"/v1/wallets/{_part(wallet_id)}/freeze", body, Wallet, idempotency_key)

    async def unfreeze(self, wallet_id: str, *, reason: str, idempotency_key: str | None = None) -> Wallet:
        """Undo a freeze."""
        return await self._transport.post(
            f"/v1/wallets/{_part(wallet_id)}/unfreeze", {"reason": reason}, Wallet, idempotency_key
        )

    async def close(self, wallet_id: str, *, reason: str, idempotency_key: str | None = None) -> Wallet:
        """Close a wallet without balance, holds or anything open."""
        return await self._transport.post(
            f"/v1/wallets/{_part(wallet_id)}/close", {"reason": reason}, Wallet, idempotency_key
        )


class Movements(_Resource):
    """Deposits or withdrawals over a rail."""

    def __init__(self, transport: Transport, path: str) -> None:
        super().__init__(transport)
        self._path = path

    async def create(
        self,
        *,
        wallet_id: str,
        amount: int,
        currency: str,
        rail: str = "sandbox",
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Movement:
        """Move ``amount`` minor units in or out."""
        body = _body(wallet_id=wallet_id, amount=amount, currency=currency, rail=rail, reference=reference)
        return await self._transport.post(self._path, body, Movement, idempotency_key)

    async def get(self, movement_id: str) -> Movement:
        """Read one."""
        return await self._transport.get(f"{self._path}/{_part(movement_id)}", Movement)


class Payments(_Resource):
    """Payments between wallets."""

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
        body = _body(
            from_wallet=from_wallet,
            to_wallet=to_wallet,
            amount=amount,
            currency=currency,
            capture=None if capture == "automatic" else capture,
            fee=fee,
            description=description,
            metadata=metadata,
        )
        return await self._transport.post("/v1/payments", body, Payment, idempotency_key, wait_seconds=wait_seconds)

    async def batch(
        self, payments: Sequence[BatchPayment], *, wait_seconds: int | None = None, idempotency_key: str | None = None
    ) -> BatchResults:
        """Pay up to 1,000 at once; every item carries its own ``idempotency_key`` and gets its own result."""
        body = {"payments": list(payments)}
        return await self._transport.post(
            "/v1/payments/batch", body, BatchResults, idempotency_key, wait_seconds=wait_seconds
        )

    async def get(self, payment_id: str) -> Payment:
        """Read a payment."""
        return await self._transport.get(f"/v1/payments/{_part(payment_id)}", Payment)

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
        path = _query(
            "/v1/payments",
            wallet=wallet,
            status=status,
            created_after=_instant(created_after),
            created_before=_instant(created_before),
            limit=limit,
            cursor=cursor,
        )
        return await self._transport.get(path, Page[Payment])

    async def events(self, payment_id: str, *, limit: int = 20, cursor: str | None = None) -> Page[PaymentEvent]:
        """List the transitions of a payment, newest first."""
        path = _query(f"/v1/payments/{_part(payment_id)}/events", limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[PaymentEvent])

    async def capture(
        self, payment_id: str, *, amount: int | None = None, idempotency_key: str | None = None
    ) -> Payment:
        """Capture an authorized payment, whole or in part; the rest of the hold is released."""
        body = _body(amount=amount)
        return await self._transport.post(f"/v1/payments/{_part(payment_id)}/capture", body, Payment, idempotency_key)

    async def void(self, payment_id: str, *, idempotency_key: str | None = None) -> Payment:
        """Cancel a payment that is authorized or in review."""
        return await self._transport.post(f"/v1/payments/{_part(payment_id)}/void", {}, Payment, idempotency_key)

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
        body = _body(amount=amount, reason=reason, refund_fee=refund_fee or None)
        return await self._transport.post(f"/v1/payments/{_part(payment_id)}/refunds", body, Refund, idempotency_key)

    async def dispute(self, payment_id: str, *, kind: str, detail: str, idempotency_key: str | None = None) -> Dispute:
        """Say that a payment went wrong; ``kind`` is ``wrongly_blocked``, ``fraud`` or ``other``."""
        body = {"kind": kind, "detail": detail}
        return await self._transport.post(f"/v1/payments/{_part(payment_id)}/disputes", body, Dispute, idempotency_key)

    async def disputes(self, payment_id: str, *, limit: int = 20, cursor: str | None = None) -> Page[Dispute]:
        """List the disputes about a payment, newest first."""
        path = _query(f"/v1/payments/{_part(payment_id)}/disputes", limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Dispute])


class Disputes(_Resource):
    """Disputes about payments."""

    async def get(self, dispute_id: str) -> Dispute:
        """Read a dispute."""
        return await self._transport.get(f"/v1/disputes/{_part(dispute_id)}", Dispute)

    async def list(self, *, status: str | None = None, limit: int = 20, cursor: str | None = None) -> Page[Dispute]:
        """List disputes, newest first (operators only)."""
        path = _query("/v1/disputes", status=status, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Dispute])

    async def resolve(
        self, dispute_id: str, *, outcome: str, reason: str, idempotency_key: str | None = None
    ) -> Dispute:
        """Say who was right (operators only): ``lost`` is who disputed, ``won`` is the platform."""
        body = {"outcome": outcome, "reason": reason}
        path = f"/v1/disputes/{_part(dispute_id)}/resolution"
        return await self._transport.post(path, body, Dispute, idempotency_key)


class Refunds(_Resource):
    """Refunds."""

    async def get(self, refund_id: str) -> Refund:
        """Read a refund."""
        return await self._transport.get(f"/v1/refunds/{_part(refund_id)}", Refund)


class Reviews(_Resource):
    """Payments and withdrawals that a person has to look at (operators only)."""

    async def list(
        self, *, status: str | None = None, kind: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[Review]:
        """List reviews, newest first; ``status="open"`` are those that wait."""
        path = _query("/v1/reviews", status=status, kind=kind, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Review])

    async def get(self, review_id: str) -> Review:
        """Read a review."""
        return await self._transport.get(f"/v1/reviews/{_part(review_id)}", Review)

    async def decide(
        self,
        review_id: str,
        *,
        outcome: str,
        reason: str,
        label: str | None = None,
        idempotency_key: str | None = None,
    ) -> Review:
        """Approve or decline; ``label`` says what was found out: ``legitimate``, ``fraud`` or ``unsure``.

        Raises:
            Conflict: it was decided before, or nobody waits for it any more.
        """
        path = f"/v1/reviews/{_part(review_id)}/decision"
        body = _body(outcome=outcome, reason=reason, label=label)
        return await self._transport.post(path, body, Review, idempotency_key)


class Status(_Resource):
    """How the platform is; it answers in maintenance too."""

    async def get(self) -> PlatformStatus:
        """Read what works and which modes are on, as of two seconds ago at most."""
        return await self._transport.get("/status", PlatformStatus)


class Events(_Resource):
    """What happened in the last 30 days."""

    async def list(
        self,
        *,
        type: str | None = None,  # noqa: A002 - as the API calls it
        payment: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page[Event]:
        """List events, newest first; of one ``type`` such as ``payment.captured``, of one payment."""
        path = _query("/v1/events", type=type, payment=payment, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Event])

    async def get(self, event_id: str) -> Event:
        """Read an event."""
        return await self._transport.get(f"/v1/events/{_part(event_id)}", Event)


class Webhooks(_Resource):
    """Webhook endpoints and what was delivered to them."""

    async def create(
        self,
        *,
        url: str,
        events: Sequence[str] = ("*",),
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> WebhookEndpointWithSecret:
        """Add an endpoint; its secret, which ``verify_webhook`` takes, is shown this once."""
        body = _body(url=url, events=list(events), description=description)
        return await self._transport.post(_ENDPOINTS, body, WebhookEndpointWithSecret, idempotency_key)

    async def list(self, *, limit: int = 20, cursor: str | None = None) -> Page[WebhookEndpoint]:
        """List endpoints, newest first."""
        return await self._transport.get(_query(_ENDPOINTS, limit=limit, cursor=cursor), Page[WebhookEndpoint])

    async def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Read an endpoint."""
        return await self._transport.get(_endpoint(endpoint_id), WebhookEndpoint)

    async def disable(
        self, endpoint_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Send nothing any more; events that happen meanwhile are not sent later."""
        path = _endpoint(endpoint_id, "disable")
        return await self._transport.post(path, _body(reason=reason), WebhookEndpoint, idempotency_key)

    async def enable(self, endpoint_id: str, *, idempotency_key: str | None = None) -> WebhookEndpoint:
        """Send again, what has waited first."""
        return await self._transport.post(_endpoint(endpoint_id, "enable"), {}, WebhookEndpoint, idempotency_key)

    async def delete(self, endpoint_id: str) -> None:
        """Forget an endpoint; what was on its way to it ends."""
        await self._transport.delete(_endpoint(endpoint_id))

    async def rotate_secret(self, endpoint_id: str, *, idempotency_key: str | None = None) -> WebhookEndpointWithSecret:
        """Give an endpoint another secret; the former one verifies for 24 hours more."""
        path = _endpoint(endpoint_id, "rotate-secret")
        return await self._transport.post(path, {}, WebhookEndpointWithSecret, idempotency_key)

    async def test(self, endpoint_id: str, *, idempotency_key: str | None = None) -> Delivery:
        """Send a ``webhook.test``."""
        return await self._transport.post(_endpoint(endpoint_id, "test"), {}, Delivery, idempotency_key)

    async def deliveries(
        self, endpoint_id: str, *, status: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[Delivery]:
        """List deliveries with their attempts, newest first; ``status`` is pending, delivered or failed."""
        path = _query(_endpoint(endpoint_id, "deliveries"), status=status, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Delivery])

    async def replay(self, endpoint_id: str, delivery_id: str, *, idempotency_key: str | None = None) -> Delivery:
        """Send the event of a delivery anew, under the same ``webhook-id``."""
        path = _endpoint(endpoint_id, f"deliveries/{_part(delivery_id)}/replay")
        return await self._transport.post(path, {}, Delivery, idempotency_key)


def _endpoint(endpoint_id: str, action: str | None = None) -> str:
    path = f"{_ENDPOINTS}/{_part(endpoint_id)}"
    return f"{path}/{action}" if action else path


def _body(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _part(identifier: str) -> str:
    return quote(identifier, safe="")


def _statement_path(wallet_id: str, from_: date | None, to: date | None, **more: str) -> str:
    path = f"/v1/wallets/{_part(wallet_id)}/statement"
    return _query(path, **{"from": _instant(from_)}, to=_instant(to), **more)


def _instant(at: date | None) -> str | None:
    """Write a time, or a day."""
    if at is None:
        return None
    return rfc3339(at) if isinstance(at, datetime) else at.isoformat()


def _query(path: str, **parameters: object) -> str:
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path
