"""Deposits and withdrawals: ask for one, read it."""

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.contracts import prefixes
from waqiti.contracts.public.common import DepositId, WithdrawalId
from waqiti.contracts.public.wallets import Movement
from waqiti.foundation.http import Request, json_answer
from waqiti.foundation.ids import parse
from waqiti.foundation.money import checked_currency
from waqiti.services.wallet.api.bodies import NewMovement
from waqiti.services.wallet.domain.movements import PREFIXES, Kind
from waqiti.services.wallet.usecases.movements import Asked, Movements

_ACCEPTED = {202: ResponseSpec(Movement, description="Accepted; not finished yet.")}


def movement_routes(movements: Movements) -> list[ControllerRouterHandler]:
    """Return the routes of deposits and withdrawals."""

    async def ask(request: Request, kind: Kind, data: NewMovement) -> Response[Movement]:
        key = request.request_key
        asked = Asked(
            kind=kind,
            currency=checked_currency(data.currency),
            wallet_id=parse(prefixes.WALLET, data.wallet_id, "wallet"),
            amount=data.amount,
            rail=data.rail,
            reference=data.reference,
            actor=request.principal.key_id,
        )
        answer = await movements.ask(key, request.incoming.request_id, asked)
        return json_answer(answer.body, answer.status, replayed=answer.replayed)

    @post("/v1/deposits", responses=_ACCEPTED)
    async def make_deposit(request: Request, data: JSONBody[NewMovement]) -> Response[Movement]:
        """Take money in over a rail."""
        return await ask(request, "deposit", data)

    @get("/v1/deposits/{deposit_id:str}")
    async def read_deposit(deposit_id: FromPath[DepositId]) -> Movement:
        """Read a deposit."""
        return await movements.read("deposit", parse(PREFIXES["deposit"], deposit_id, "deposit"))

    @post("/v1/withdrawals", responses=_ACCEPTED)
    async def make_withdrawal(request: Request, data: JSONBody[NewMovement]) -> Response[Movement]:
        """Pay money out over a rail."""
        return await ask(request, "withdrawal", data)

    @get("/v1/withdrawals/{withdrawal_id:str}")
    async def read_withdrawal(withdrawal_id: FromPath[WithdrawalId]) -> Movement:
        """Read a withdrawal."""
        return await movements.read("withdrawal", parse(PREFIXES["withdrawal"], withdrawal_id, "withdrawal"))

    return [make_deposit, read_deposit, make_withdrawal, read_withdrawal]
