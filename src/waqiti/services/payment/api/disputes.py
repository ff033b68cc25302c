"""Disputes about payments."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts import prefixes
from waqiti.contracts.casework import DisputeStatus
from waqiti.contracts.public import disputes as public
from waqiti.contracts.public.common import DisputeId, Page, PaymentId
from waqiti.foundation import ids
from waqiti.foundation.http import (
    DEFAULT_LIMIT,
    CursorParameter,
    LimitParameter,
    Request,
    json_answer,
    read_cursor,
    requires_scope,
    write_cursor,
)
from waqiti.foundation.ids import LAST_ID
from waqiti.foundation.security import OPERATOR
from waqiti.services.payment.api import views
from waqiti.services.payment.api.identities import payment_id_of
from waqiti.services.payment.domain.disputes import Dispute
from waqiti.services.payment.usecases.disputing import Disputing, Opening, Render, Resolution

DisputeStatusParameter = Annotated[DisputeStatus | None, QueryParameter(description="A status.")]


def dispute_handlers(disputing: Disputing) -> list[ControllerRouterHandler]:
    """Return the routes of disputes."""

    @post("/v1/payments/{payment_id:str}/disputes", status_code=201)
    async def open_dispute(
        request: Request, payment_id: FromPath[PaymentId], data: JSONBody[public.NewDispute]
    ) -> Response[public.Dispute]:
        """Say that a payment went wrong; one dispute of each kind may be open about a payment."""
        opening = Opening(payment_id_of(payment_id), data.kind, data.detail, request.principal.key_id)
        answer = await disputing.open(request.request_key, request.incoming.request_id, opening, _renderer(request))
        return json_answer(answer.body, answer.status, replayed=answer.replayed)

    @get("/v1/payments/{payment_id:str}/disputes")
    async def list_payment_disputes(
        request: Request,
        payment_id: FromPath[PaymentId],
        limit: LimitParameter = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Page[public.Dispute]:
        """List the disputes about a payment, newest first; who resolved them, and why, is for operators only."""
        name = f"disputes of {payment_id}"
        found, more = await disputing.of_payment(payment_id_of(payment_id), _before(cursor, name), limit)
        return _page(request, found, name, more=more)

    @get("/v1/disputes/{dispute_id:str}")
    async def read_dispute(request: Request, dispute_id: FromPath[DisputeId]) -> public.Dispute:
        """Read a dispute; who resolved it, and why, is null for keys that are no operator's."""
        return views.dispute(await disputing.read(_dispute_id(dispute_id)), request.principal)

    @get("/v1/disputes", guards=[requires_scope(OPERATOR)])
    async def list_disputes(
        request: Request,
        status: DisputeStatusParameter = None,
        limit: LimitParameter = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Page[public.Dispute]:
        """List disputes, newest first (operators only)."""
        name = f"disputes {status}"
        found, more = await disputing.find(status, _before(cursor, name), limit)
        return _page(request, found, name, more=more)

    @post("/v1/disputes/{dispute_id:str}/resolution", status_code=200, guards=[requires_scope(OPERATOR)])
    async def resolve_dispute(
        request: Request, dispute_id: FromPath[DisputeId], data: JSONBody[public.NewResolution]
    ) -> Response[public.Dispute]:
        """Resolve it (operators only): ``lost`` means that the platform was wrong, ``won`` that it was right."""
        resolution = Resolution(_dispute_id(dispute_id), data.outcome, data.reason, request.principal.key_id)
        answer = await disputing.resolve(
            request.request_key, request.incoming.request_id, resolution, _renderer(request)
        )
        return json_answer(answer.body, answer.status, replayed=answer.replayed)

    return [open_dispute, list_payment_disputes, read_dispute, list_disputes, resolve_dispute]


def _page(request: Request, found: Sequence[Dispute], name: str, *, more: bool) -> Page[public.Dispute]:
    last = found[-1] if more else None
    following = None if last is None else write_cursor(last.opened_at, last.id, of=name)
    return Page(data=[views.dispute(dispute, request.principal) for dispute in found], next_cursor=following)


def _before(cursor: str | None, name: str) -> UUID:
    position = read_cursor(cursor, of=name)
    return LAST_ID if position is None else position.id


def _renderer(request: Request) -> Render:
    return lambda dispute: views.encode_json(views.dispute(dispute, request.principal))


def _dispute_id(text: str) -> UUID:
    return ids.parse(prefixes.DISPUTE, text, "dispute")
