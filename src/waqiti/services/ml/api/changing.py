"""The routes under /api/model that say which version is in force, for operators only. Each may be repeated: what is in
force stays so.
"""

from collections.abc import Sequence
from typing import Final

from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.contracts.public.models import ModelInForce, PromoteModel, RollBackModel
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import Request, requires_scope
from waqiti.services.ml.usecases.changing import Changing, Wanted

_operators: Final = [requires_scope("operator")]


def changing_routes(changing: Changing) -> Sequence[ControllerRouterHandler]:
    """Return the routes."""

    @post("/api/model/promote", status_code=200, operation_id="promote_model", guards=_operators)
    async def promote(request: Request, data: JSONBody[PromoteModel]) -> ModelInForce:
        """Bring a version into force that passes every gate, or by force with a reason."""
        if data.force and not data.reason.strip():
            raise Problem.invalid("Force needs a reason.", pointer="/reason")
        return await changing.change(
            Wanted(
                model=data.model,
                version=data.version,
                by=request.principal.key_id,
                reason=_printable(data.reason),
                kind="promote",
                force=data.force,
                expected_revision=data.expected_revision,
            )
        )

    @post("/api/model/rollback", status_code=200, operation_id="roll_back_model", guards=_operators)
    async def roll_back(request: Request, data: JSONBody[RollBackModel]) -> ModelInForce:
        """Go back to a version; the one in force stays so."""
        return await changing.change(
            Wanted(
                model=data.model,
                version=data.version,
                by=request.principal.key_id,
                reason=_printable(data.reason),
                kind="rollback",
                expected_revision=data.expected_revision,
            )
        )

    return [promote, roll_back]


def _printable(reason: str) -> str:
    if not reason.isprintable():
        raise Problem.invalid("A reason is printable text.", pointer="/reason")
    return reason.strip()
