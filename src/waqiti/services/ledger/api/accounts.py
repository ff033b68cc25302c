"""Accounts, balances and entries."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.contracts.ledger import (
    Account,
    AccountIds,
    Accounts,
    BalancesAsOf,
    Entries,
    EntriesQuery,
    OpenAccounts,
    SetFlags,
)
from waqiti.foundation.database import Database
from waqiti.foundation.http import Request
from waqiti.services.ledger.usecases import accounts, reading


def account_routes(database: Database) -> list[ControllerRouterHandler]:
    """Return the routes below ``/internal`` that are not for speed."""

    @post("/internal/accounts", status_code=200)
    async def open_accounts(data: JSONBody[OpenAccounts]) -> Accounts:
        return Accounts(await accounts.open_accounts(database, data.accounts))

    @post("/internal/accounts/read", status_code=200)
    async def read_accounts(data: JSONBody[AccountIds]) -> Accounts:
        return Accounts(await reading.read_accounts(database, data))

    @post("/internal/accounts/{account_id:uuid}/flags", status_code=200)
    async def set_flags(request: Request, account_id: FromPath[UUID], data: JSONBody[SetFlags]) -> Account:
        service = request.principal.service or request.principal.key_id
        return await accounts.set_flags(database, account_id, data, service=service)

    @post("/internal/balances", status_code=200)
    async def read_balances(data: JSONBody[AccountIds]) -> BalancesAsOf:
        return BalancesAsOf(await reading.read_balances(database, data))

    @post("/internal/entries", status_code=200)
    async def read_entries(data: JSONBody[EntriesQuery]) -> Entries:
        return Entries(await reading.read_entries(database, data))

    return [open_accounts, read_accounts, set_flags, read_balances, read_entries]
