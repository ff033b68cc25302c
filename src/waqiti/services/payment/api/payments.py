"""Reading payments, and what can be done to one."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts import prefixes
from waqiti.contracts.catalog import COMPLIANCE
from waqiti.contracts.payment import PaymentIds, PaymentStates, Status
from waqiti.contracts.public import payments as public
from waqiti.contracts.public.common import Page, PaymentId, RefundId, WalletId
from waqiti.foundation import ids
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import (
    DEFAULT_LIMIT,
    CursorParameter,
    LimitParameter,
    Request,
    instant,
    json_answer,
    read_cursor,
    requires_service,
    write_cursor,
)
from waqiti.foundation.ids import minted_at
from waqiti.services.payment.api import views
from waqiti.services.payment.api.bodies import CapturePayment, RefundPayment, VoidPayment
from waqiti.services.payment.api.identities import payment_id_of
from waqiti.services.payment.domain import steps as rules
from waqiti.services.payment.domain.payments import Payment
from waqiti.services.payment.domain.refunds import Refund
from waqiti.services.payment.usecases.commands import Answer, Commands
from waqiti.services.payment.usecases.reading import Reading, Wanted
from waqiti.services.payment.usecases.refunding import Wanted as WantedRefund

_LIST: Final = "payments"
_MAX_IDS: Final = 10_000
_OFFSET_BITS: Final = (1 << 63) - 1
_ACCEPTED_PAYMENT: Final = {202: ResponseSpec(data_container=public.Payment, generate_examples=False)}
_ACCEPTED_REFUND: Final = {202: ResponseSpec(data_container=public.Refund, generate_examples=False)}

WalletParameter = Annotated[WalletId | None, QueryParameter(description="A wallet on either side.")]
StatusParameter = Annotated[Status | None, QueryParameter(description="A status.")]
AfterParameter = Annotated[
    str | None, QueryParameter(format="date-time", description="Only payments created after this time.")
]
BeforeParameter = Annotated[
    str | None, QueryParameter(format="date-time", description="Only payments created before this time.")
]


def reading_handlers(reading: Reading) -> list[ControllerRouterHandler]:
    """Return the routes that read."""

    @get("/v1/payments/{payment_id:str}")
    async def read_payment(request: Request, payment_id: FromPath[PaymentId]) -> public.Payment:
        """Read a payment."""
        return views.payment(await reading.payment(payment_id_of(payment_id)), request.principal)

    @get("/v1/payments")
    async def list_payments(
        request: Request,
        wallet: WalletParameter = None,
        status: StatusParameter = None,
        created_after: AfterParameter = None,
        created_before: BeforeParameter = None,
        limit: LimitParameter = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Page[public.Payment]:
        """List payments, newest first."""
        position = read_cursor(cursor, of=_LIST)
        wanted = Wanted(
            wallet=None if wallet is None else _wallet_id(wallet),
            status=status,
            created_after=_instant(created_after, "created_after"),
            created_before=_instant(created_before, "created_before"),
            before=None if position is None else position.id,
        )
        found = await reading.find(wanted, limit)
        following = found.next_before
        return Page(
            data=[views.payment(payment, request.principal) for payment in found.payments],
            next_cursor=None if following is None else write_cursor(minted_at(following), following, of=_LIST),
        )

    @get("/v1/payments/{payment_id:str}/events")
    async def list_payment_events(
        payment_id: FromPath[PaymentId], limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Page[public.PaymentEvent]:
        """List the transitions of a payment, newest first."""
        position = read_cursor(cursor, of=f"events of {payment_id}")
        before = None if position is None else (position.at, position.id.int & _OFFSET_BITS)
        identifier = payment_id_of(payment_id)
        found, more = await reading.transitions(identifier, before, limit)
        last = found[-1] if more else None
        return Page(
            data=[views.transition(transition, identifier) for transition in found],
            next_cursor=None
            if last is None
            else write_cursor(last.recorded_at, UUID(int=last.offset), of=f"events of {payment_id}"),
        )

    @get("/v1/refunds/{refund_id:str}")
    async def read_refund(refund_id: FromPath[RefundId]) -> public.Refund:
        """Read a refund."""
        return views.refund(await reading.refund(ids.parse(prefixes.REFUND, refund_id, "refund")))

    @post("/internal/payments/states", status_code=200, guards=[requires_service(COMPLIANCE)])
    async def read_states(data: JSONBody[PaymentIds]) -> PaymentStates:
        """Read the states of payments."""
        if len(data.ids) > _MAX_IDS:
            raise Problem.invalid(f"At most {_MAX_IDS} payments at once.", pointer="/ids")
        return PaymentStates(await reading.states(data.ids))

    return [read_payment, list_payments, list_payment_events, read_refund, read_states]


def command_handlers(commands: Commands) -> list[ControllerRouterHandler]:
    """Return the routes that change a payment."""

    async def step(request: Request, payment_id: str, asked: rules.Asked) -> Response[public.Payment]:
        key, request_id, identifier = request.request_key, request.incoming.request_id, payment_id_of(payment_id)
        return _respond(await commands.step(key, request_id, identifier, asked, _rendering(request)))

    @post("/v1/payments/{payment_id:str}/capture", status_code=200, responses=_ACCEPTED_PAYMENT)
    async def capture_payment(
        request: Request, payment_id: FromPath[PaymentId], data: JSONBody[CapturePayment]
    ) -> Response[public.Payment]:
        """Capture an authorized payment, whole or in part; the rest of the hold is released."""
        return await step(request, payment_id, rules.capture(data.amount, request.principal.key_id))

    @post("/v1/payments/{payment_id:str}/void", status_code=200, responses=_ACCEPTED_PAYMENT)
    async def void_payment(
        request: Request,
        payment_id: FromPath[PaymentId],
        data: JSONBody[VoidPayment],  # noqa: ARG001 - an empty object, and nothing else
    ) -> Response[public.Payment]:
        """Cancel a payment that is authorized or in review."""
        return await step(request, payment_id, rules.void(request.principal.key_id))

    @post("/v1/payments/{payment_id:str}/refunds", status_code=201, responses=_ACCEPTED_REFUND)
    async def refund_payment(
        request: Request, payment_id: FromPath[PaymentId], data: JSONBody[RefundPayment]
    ) -> Response[public.Refund]:
        """Give money back, up to what was captured."""
        actor = request.principal.key_id
        wanted = WantedRefund(amount=data.amount, refund_fee=data.refund_fee, reason=data.reason, actor=actor)
        key, request_id, identifier = request.request_key, request.incoming.request_id, payment_id_of(payment_id)
        return _respond(await commands.refund(key, request_id, identifier, wanted, _render_refund))

    return [capture_payment, void_payment, refund_payment]


def _respond(answer: Answer) -> Response[Any]:
    return json_answer(answer.body, answer.status, replayed=answer.replayed)


def _rendering(request: Request) -> Callable[[Payment], bytes]:
    return lambda payment: views.encode_json(views.payment(payment, request.principal))


def _render_refund(refund: Refund) -> bytes:
    return views.encode_json(views.refund(refund))


def _wallet_id(text: str) -> UUID:
    identifier = ids.decode(prefixes.WALLET, text)
    if identifier is None:
        raise Problem.invalid("This is no id of a wallet.", pointer="?wallet")
    return identifier


def _instant(text: str | None, name: str) -> datetime | None:
    return None if text is None else instant(text, name)
