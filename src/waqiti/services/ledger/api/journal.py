"""The public routes of operators: /v1/ledger/journal."""

from collections.abc import Sequence
from typing import Annotated, Final

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts.public.common import JournalEntryId, Page
from waqiti.contracts.public.ledger import (
    JournalEntry,
    JournalStatus,
    NewJournalDecision,
    NewJournalEntry,
    NewJournalReversal,
)
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
from waqiti.foundation.idempotency import Answer
from waqiti.foundation.security import OPERATOR
from waqiti.services.ledger.usecases.journal import Journal, view

_LIST: Final = "journal"

StatusParameter = Annotated[JournalStatus | None, QueryParameter(description="Of this status only.")]


def journal_routes(journal: Journal) -> Sequence[ControllerRouterHandler]:
    """Return the routes that the gateway forwards to; none of them is for an ``api`` key."""
    operators = [requires_scope(OPERATOR)]

    @get("/v1/ledger/journal", operation_id="list_journal_entries", guards=operators)
    async def list_all(
        status: StatusParameter = None, limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Page[JournalEntry]:
        """List manual entries, the newest first (operators only)."""
        position = read_cursor(cursor, of=_LIST)
        found = await journal.newest(status, None if position is None else position.id, limit + 1)
        page = found[:limit]
        following = write_cursor(page[-1].proposed_at, page[-1].id, of=_LIST) if len(found) > limit else None
        return Page([view(row) for row in page], following)

    @post("/v1/ledger/journal", status_code=201, operation_id="propose_journal_entry", guards=operators)
    async def propose(request: Request, data: JSONBody[NewJournalEntry]) -> Response[JournalEntry]:
        """Propose a manual entry, for another operator to approve (operators only)."""
        key, request_id = request.request_key, request.incoming.request_id
        return _answer(await journal.propose(key, request_id, data, request.principal.key_id))

    @get("/v1/ledger/journal/{entry_id:str}", operation_id="read_journal_entry", guards=operators)
    async def read(entry_id: FromPath[JournalEntryId]) -> JournalEntry:
        """Read a manual entry (operators only)."""
        return view(await journal.read(entry_id))

    @post(
        "/v1/ledger/journal/{entry_id:str}/decision",
        status_code=200,
        operation_id="decide_journal_entry",
        guards=operators,
    )
    async def decide(
        request: Request, entry_id: FromPath[JournalEntryId], data: JSONBody[NewJournalDecision]
    ) -> Response[JournalEntry]:
        """Approve a manual entry, which moves its money at once, or decline it (operators only).

        Whoever proposed it cannot approve it: 403 ``second_approver_required``. What the ledger does not take is
        ``refused``, for good: propose it anew.
        """
        key, request_id = request.request_key, request.incoming.request_id
        return _answer(await journal.decide(key, request_id, entry_id, data, request.principal.key_id))

    @post(
        "/v1/ledger/journal/{entry_id:str}/reversal",
        status_code=201,
        operation_id="reverse_journal_entry",
        guards=operators,
    )
    async def reverse(
        request: Request, entry_id: FromPath[JournalEntryId], data: JSONBody[NewJournalReversal]
    ) -> Response[JournalEntry]:
        """Propose what takes a posted entry back, for another operator to approve (operators only)."""
        key, request_id = request.request_key, request.incoming.request_id
        return _answer(await journal.reverse(key, request_id, entry_id, data, request.principal.key_id))

    return [list_all, propose, read, decide, reverse]


def _answer(answer: Answer) -> Response[JournalEntry]:
    return json_answer(answer.body, answer.status, replayed=answer.replayed)
