"""The public routes of operators: /v1/cases."""

from collections.abc import Sequence
from typing import Annotated, Final

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts.public.cases import Case, CaseStatus, NewCaseDecision
from waqiti.contracts.public.common import CaseId, Page
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
from waqiti.foundation.security import OPERATOR
from waqiti.services.compliance.usecases.cases import Cases, view

_LIST: Final = "cases"

StatusParameter = Annotated[CaseStatus | None, QueryParameter(description="Of this status only.")]


def case_routes(cases: Cases) -> Sequence[ControllerRouterHandler]:
    """Return the routes that the gateway forwards to; none of them is for an ``api`` key."""
    operators = [requires_scope(OPERATOR)]

    @get("/v1/cases", operation_id="list_cases", guards=operators)
    async def list_all(
        status: StatusParameter = None, limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Page[Case]:
        """List cases of customers who may be on a sanctions list, newest first (operators only)."""
        position = read_cursor(cursor, of=_LIST)
        found = await cases.newest(status, None if position is None else position.id, limit + 1)
        page = found[:limit]
        following = write_cursor(page[-1].opened_at, page[-1].id, of=_LIST) if len(found) > limit else None
        return Page([view(case) for case in page], following)

    @get("/v1/cases/{case_id:str}", operation_id="read_case", guards=operators)
    async def read(case_id: FromPath[CaseId]) -> Case:
        """Read a case (operators only)."""
        return await cases.read(case_id)

    @post("/v1/cases/{case_id:str}/decision", status_code=200, operation_id="decide_case", guards=operators)
    async def decide(request: Request, case_id: FromPath[CaseId], data: JSONBody[NewCaseDecision]) -> Response[Case]:
        """Say whether a customer is who the lists mean (operators only).

        Approved, the customer is active at once, and the entries of the case are not found again for them. Wallets
        that were frozen by a confirmed hit stay frozen until an operator unfreezes them. Declined, the customer stays
        blocked for good, and all their wallets are frozen.
        """
        key, request_id = request.request_key, request.incoming.request_id
        answer = await cases.decide(key, request_id, case_id, data, request.principal.key_id)
        return json_answer(answer.body, answer.status, replayed=answer.replayed)

    return [list_all, read, decide]
