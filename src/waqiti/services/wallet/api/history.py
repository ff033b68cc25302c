"""A wallet's past: balances as of an instant, entries, statements."""

import csv
import io
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts import prefixes
from waqiti.contracts.public.common import Page, WalletId
from waqiti.contracts.public.wallets import Statement, WalletEntry
from waqiti.foundation.clock import rfc3339
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import (
    ALSO_TEXT,
    DEFAULT_LIMIT,
    CursorParameter,
    LimitParameter,
    read_cursor,
    write_cursor,
)
from waqiti.foundation.ids import parse
from waqiti.services.wallet.domain.statements import instant
from waqiti.services.wallet.usecases.history import History
from waqiti.services.wallet.usecases.wallets import Wallets

_COLUMNS: Final = ("id", "recorded_at", "effective_at", "kind", "purpose", "amount", "currency", "balance")
_MAX_VERSION: Final = 2**63 - 1
_CSV_TYPE: Final = "text/csv"

_TIME: Final = "An RFC 3339 time, or a date for its midnight in UTC."
_LAST: Final = "An RFC 3339 time, which is left out, or a date, which is the last day."

Instant = Annotated[str | None, QueryParameter(description=_TIME)]
From = Annotated[str | None, QueryParameter(name="from", description=_TIME)]
To = Annotated[str | None, QueryParameter(name="to", description=_LAST)]
Format = Annotated[Literal["json", "csv"], QueryParameter(name="format", description="What it is written in.")]


class BalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """A balance now, or with ``as_of`` at that instant; what was held is known in recorded time only."""

    posted: int
    held: int | None
    available: int | None
    as_of: datetime | msgspec.UnsetType = msgspec.UNSET
    provisional: bool | msgspec.UnsetType = msgspec.UNSET


def history_routes(wallets: Wallets, history: History) -> list[ControllerRouterHandler]:
    """Return the routes of balances, entries and statements."""

    @get("/v1/wallets/{wallet_id:str}/balance")
    async def read_balance(
        wallet_id: FromPath[WalletId], as_of: Instant = None, recorded_as_of: Instant = None
    ) -> BalanceView:
        """Read the balance now, or as of an instant of effective or of recorded time."""
        wallet = parse(prefixes.WALLET, wallet_id, "wallet")
        if as_of is None and recorded_as_of is None:
            account = (await wallets.read(wallet)).account
            return BalanceView(posted=account.posted, held=account.held, available=account.available)
        past = await history.balance_at(
            wallet,
            as_of=instant(as_of, "as_of") if as_of is not None else None,
            recorded_as_of=instant(recorded_as_of, "recorded_as_of") if recorded_as_of is not None else None,
        )
        return BalanceView(**msgspec.structs.asdict(past))

    @get("/v1/wallets/{wallet_id:str}/entries")
    async def list_entries(
        wallet_id: FromPath[WalletId], limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Page[WalletEntry]:
        """List entries, newest first."""
        entries = f"entries of {wallet_id}"
        page = await history.entries(parse(prefixes.WALLET, wallet_id, "wallet"), limit, _version(cursor, entries))
        following = page.next_before
        return Page(page.entries, write_cursor(following[0], UUID(int=following[1]), of=entries) if following else None)

    @get(
        "/v1/wallets/{wallet_id:str}/statement",
        responses={200: ResponseSpec(Statement, generate_examples=False)},
        opt={ALSO_TEXT: _CSV_TYPE},
    )
    async def read_statement(
        wallet_id: FromPath[WalletId],
        start: From = None,
        end: To = None,
        form: Format = "json",
    ) -> Response[Any]:
        """Write a statement of a period, from its first instant to before its last."""
        statement = await history.statement(parse(prefixes.WALLET, wallet_id, "wallet"), start, end)
        if form == "csv":
            # The framework adds the charset to whatever is text.
            return Response(_csv(statement), media_type=_CSV_TYPE)
        return Response(msgspec.json.encode(statement), media_type="application/json")

    return [read_balance, list_entries, read_statement]


def _version(cursor: str | None, entries: str) -> int | None:
    position = read_cursor(cursor, of=entries)
    if position is None:
        return None
    if position.id.int > _MAX_VERSION:
        raise Problem.invalid("The cursor cannot be read.", pointer="?cursor")
    return position.id.int


def _csv(statement: Statement) -> bytes:
    """Write a statement as CSV (RFC 4180) with a header; amounts in minor units."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line in statement.lines:
        recorded, effective = rfc3339(line.recorded_at), rfc3339(line.effective_at)
        writer.writerow(
            (line.id, recorded, effective, line.kind, line.purpose, line.amount, statement.currency, line.balance)
        )
    return text.getvalue().encode()
