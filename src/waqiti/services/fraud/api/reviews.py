"""The public routes: /v1/reviews, for operators."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts import prefixes
from waqiti.contracts.public.common import Page, ReviewId
from waqiti.contracts.public.reviews import NewReviewDecision, Review, ReviewStatus
from waqiti.contracts.reviews import ReviewKind
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
from waqiti.foundation.ids import parse
from waqiti.foundation.security import OPERATOR
from waqiti.services.fraud.usecases.deciding import Reviews, view

_LIST: Final = "reviews"

StatusParameter = Annotated[ReviewStatus | None, QueryParameter(description="Only reviews of this status.")]
KindParameter = Annotated[ReviewKind | None, QueryParameter(description="Only reviews of this kind.")]


def public_routes(reviews: Reviews) -> Sequence[ControllerRouterHandler]:
    """Return the routes that the gateway forwards to."""

    @get("/v1/reviews", operation_id="list_reviews", guards=[requires_scope(OPERATOR)])
    async def list_reviews(
        status: StatusParameter = None,
        kind: KindParameter = None,
        limit: LimitParameter = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Page[Review]:
        """List reviews, newest first (operators only)."""
        position = read_cursor(cursor, of=_LIST)
        found = await reviews.newest(status, kind, None if position is None else position.id, limit + 1)
        page = found[:limit]
        last = page[-1] if len(found) > limit else None
        following = None if last is None else write_cursor(last.opened_at, last.id, of=_LIST)
        return Page([view(review) for review in page], following)

    @get("/v1/reviews/{review_id:str}", operation_id="read_review", guards=[requires_scope(OPERATOR)])
    async def read_review(review_id: FromPath[ReviewId]) -> Review:
        """Read a review (operators only)."""
        return view(await reviews.read(_review_id(review_id)))

    @post(
        "/v1/reviews/{review_id:str}/decision",
        status_code=200,
        operation_id="decide_review",
        guards=[requires_scope(OPERATOR)],
    )
    async def decide_review(
        request: Request, review_id: FromPath[ReviewId], data: JSONBody[NewReviewDecision]
    ) -> Response[Review]:
        """Approve or decline (operators only). All reviews of a payment must be approved; the first decline ends it."""
        key, request_id, actor = request.request_key, request.incoming.request_id, request.principal.key_id
        answer = await reviews.decide(key, request_id, _review_id(review_id), data, actor)
        return json_answer(answer.body, answer.status, replayed=answer.replayed)

    return [list_reviews, read_review, decide_review]


def _review_id(text: str) -> UUID:
    return parse(prefixes.REVIEW, text, "review")
