"""Wallets: open, read, list, freeze, unfreeze, close."""

from typing import Annotated, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts import prefixes
from waqiti.contracts.public.common import CustomerId, Page, WalletId
from waqiti.contracts.public.wallets import Wallet
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import (
    DEFAULT_LIMIT,
    CursorParameter,
    LimitParameter,
    Request,
    json_answer,
    read_cursor,
    write_cursor,
)
from waqiti.foundation.ids import decode, parse
from waqiti.foundation.money import checked_currency
from waqiti.foundation.security import OPERATOR
from waqiti.services.wallet.api.bodies import Freeze, NewWallet, WithReason
from waqiti.services.wallet.domain.wallets import FlagAction
from waqiti.services.wallet.usecases.flags import FlagRequest, Flags, Scope
from waqiti.services.wallet.usecases.views import wallet_view
from waqiti.services.wallet.usecases.wallets import Wallets

_LIST: Final = "wallets"


def wallet_routes(wallets: Wallets, flags: Flags) -> list[ControllerRouterHandler]:
    """Return the routes of wallets themselves."""

    @post("/v1/wallets")
    async def open_wallet(request: Request, data: JSONBody[NewWallet]) -> Response[Wallet]:
        """Open a wallet; frozen where all that the customer has is."""
        key, currency = request.request_key, checked_currency(data.currency)
        customer = parse(prefixes.CUSTOMER, data.customer_id, "customer")
        answer = await wallets.open(key, request.incoming.request_id, customer, currency)
        return json_answer(answer.body, answer.status, replayed=answer.replayed)

    @get("/v1/wallets/{wallet_id:str}")
    async def read_wallet(wallet_id: FromPath[WalletId]) -> Wallet:
        """Read a wallet with its balance."""
        state = await wallets.read(parse(prefixes.WALLET, wallet_id, "wallet"))
        return wallet_view(state.row, state.account)

    @get("/v1/wallets")
    async def list_wallets(
        customer_id: Annotated[CustomerId | None, QueryParameter(description="Of this customer only.")] = None,
        limit: LimitParameter = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Page[Wallet]:
        """List wallets, newest first."""
        customer = _customer_filter(customer_id)
        position = read_cursor(cursor, of=_LIST)
        before = (position.at, position.id) if position else None
        found = await wallets.newest(limit + 1, customer, before)
        page = found[:limit]
        last = page[-1].row if len(found) > limit else None
        following = write_cursor(last.created_at, last.id, of=_LIST) if last else None
        return Page([wallet_view(state.row, state.account) for state in page], following)

    async def set_flag(
        request: Request, wallet_id: str, action: FlagAction, reason: str, scope: Scope = "debits"
    ) -> Response[Wallet]:
        key = request.request_key
        asked = FlagRequest(
            wallet_id=parse(prefixes.WALLET, wallet_id, "wallet"),
            action=action,
            reason=_checked_reason(reason),
            actor=request.principal.key_id,
            by_operator=request.principal.has(OPERATOR),
            scope=scope,
        )
        answer = await flags.set(key, request.incoming.request_id, asked)
        return json_answer(answer.body, answer.status, replayed=answer.replayed)

    @post("/v1/wallets/{wallet_id:str}/freeze", status_code=200)
    async def freeze_wallet(
        request: Request, wallet_id: FromPath[WalletId], data: JSONBody[Freeze]
    ) -> Response[Wallet]:
        """Freeze debits, or all; nothing posts against it once this is answered."""
        return await set_flag(request, wallet_id, "freeze", data.reason, data.scope)

    @post("/v1/wallets/{wallet_id:str}/unfreeze", status_code=200)
    async def unfreeze_wallet(
        request: Request, wallet_id: FromPath[WalletId], data: JSONBody[WithReason]
    ) -> Response[Wallet]:
        """Undo a freeze; that of a customer who was on a sanctions list only operators, once the case is approved."""
        return await set_flag(request, wallet_id, "unfreeze", data.reason)

    @post("/v1/wallets/{wallet_id:str}/close", status_code=200)
    async def close_wallet(
        request: Request, wallet_id: FromPath[WalletId], data: JSONBody[WithReason]
    ) -> Response[Wallet]:
        """Close a wallet without balance, holds or anything open."""
        return await set_flag(request, wallet_id, "close", data.reason)

    return [open_wallet, read_wallet, list_wallets, freeze_wallet, unfreeze_wallet, close_wallet]


def _customer_filter(text: str | None) -> UUID | None:
    if text is None:
        return None
    customer = decode(prefixes.CUSTOMER, text)
    if customer is None:
        raise Problem.invalid("This is no id of a customer.", pointer="?customer_id")
    return customer


def _checked_reason(reason: str) -> str:
    if not reason.isprintable():
        raise Problem.invalid("A reason is printable text.", pointer="/reason")
    return reason
