"""What operators ask of payment-service itself, past the edge."""

from uuid import UUID

from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.contracts import prefixes
from waqiti.contracts.payment import REDRIVE_PATH, Redrive, Redriven, RedriveReport
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import Request, requires_scope
from waqiti.foundation.ids import decode, encode
from waqiti.foundation.security import OPERATOR
from waqiti.services.payment.usecases.redriving import Moved, Redriving


def redriving_handlers(redriving: Redriving) -> list[ControllerRouterHandler]:
    """Return the routes."""

    @post(REDRIVE_PATH, status_code=200, guards=[requires_scope(OPERATOR)], include_in_schema=False)
    async def redrive_payments(request: Request, data: JSONBody[Redrive]) -> RedriveReport:
        """Move payments on that stand still; twice is no error."""
        ids = [_payment_id(text, place) for place, text in enumerate(data.ids)]
        moved = await redriving.redrive(ids, request.principal.key_id, utc_now())
        return RedriveReport([_shown(one) for one in moved])

    return [redrive_payments]


def _shown(one: Moved) -> Redriven:
    return Redriven(id=encode(prefixes.PAYMENT, one.payment_id), action=one.action, status=one.status)


def _payment_id(text: str, place: int) -> UUID:
    identifier = decode(prefixes.PAYMENT, text)
    if identifier is None:
        raise Problem.invalid("This is no id of a payment.", pointer=f"/ids/{place}")
    return identifier
