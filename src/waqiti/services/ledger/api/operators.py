"""The public routes of operators: /v1/ledger."""

from collections.abc import Sequence
from typing import Annotated, Final

from litestar import Response, get, post
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts.public.common import Page
from waqiti.contracts.public.ledger import AccountBalance, NewPeriodClose, PeriodClose, Safeguarding, TrialBalance
from waqiti.foundation.database import Database
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
from waqiti.services.ledger.domain.trial_balance import of_account
from waqiti.services.ledger.usecases import closing, safeguarding, trial_balances
from waqiti.services.ledger.usecases.whole import WholeBooks

_ACCOUNTS: Final = "accounts of a trial balance"
_CLOSES: Final = "closes"

Day = Annotated[str, QueryParameter(name="date", description="A day that has begun, UTC, such as 2026-01-31.")]
AsOf = Annotated[str | None, QueryParameter(description="An RFC 3339 time, or a date for its midnight in UTC.")]
OfCurrency = Annotated[str | None, QueryParameter(name="currency", description="Of this currency only.")]


def reading_routes(database: Database, books: WholeBooks) -> Sequence[ControllerRouterHandler]:
    """Return the routes that only read; none of them is for an ``api`` key."""
    operators = [requires_scope(OPERATOR)]

    @get("/v1/ledger/trial-balance", operation_id="read_trial_balance", guards=operators)
    async def read(day: Day, currency: OfCurrency = None) -> TrialBalance:
        """Read what stood, came and went on a day, by currency and kind of account (operators only)."""
        return await trial_balances.read(books, day, currency)

    @get("/v1/ledger/trial-balance/accounts", operation_id="list_trial_balance_accounts", guards=operators)
    async def list_accounts(
        day: Day,
        currency: OfCurrency = None,
        limit: LimitParameter = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Page[AccountBalance]:
        """List the accounts of a day's trial balance, the newest first (operators only).

        Those without a booking up to the end of the day are left out: a page may have fewer than its limit.
        """
        position = read_cursor(cursor, of=_ACCOUNTS)
        before = None if position is None else position.id
        found = await trial_balances.read_accounts(database, day, currency, before, limit + 1)
        page = found[:limit]
        following = write_cursor(page[-1].opened_at, page[-1].id, of=_ACCOUNTS) if len(found) > limit else None
        return Page([of_account(row) for row in page if row.entries], following)

    @get("/v1/ledger/safeguarding", operation_id="check_safeguarding", guards=operators)
    async def check(as_of: AsOf = None) -> Safeguarding:
        """Check that what customers are owed lies at the rails, now or as of effective time (operators only)."""
        return await safeguarding.check(books, as_of)

    return [read, list_accounts, check]


def closing_routes(database: Database) -> Sequence[ControllerRouterHandler]:
    """Return the routes of closed periods."""
    operators = [requires_scope(OPERATOR)]

    @get("/v1/ledger/closes", operation_id="list_closes", guards=operators)
    async def list_all(limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Page[PeriodClose]:
        """List closed periods, the newest first (operators only)."""
        position = read_cursor(cursor, of=_CLOSES)
        found = await closing.newest(database, None if position is None else position.id, limit + 1)
        page = found[:limit]
        following = write_cursor(page[-1].closed_at, page[-1].id, of=_CLOSES) if len(found) > limit else None
        return Page([closing.view(row) for row in page], following)

    @post("/v1/ledger/closes", status_code=200, operation_id="close_period", guards=operators)
    async def close(request: Request, data: JSONBody[NewPeriodClose]) -> Response[PeriodClose]:
        """Close the books up to the end of a day: nothing recorded later counts from before (operators only).

        The same day again is answered with its first close.
        """
        key, request_id = request.request_key, request.incoming.request_id
        answer = await closing.close(database, key, request_id, data, request.principal.key_id)
        return json_answer(answer.body, answer.status, replayed=answer.replayed)

    return [list_all, close]
