"""What fraud-service, which keeps the queue of reviews, tells of them."""

from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.reviews import Verdict, VerdictTaken
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import requires_service
from waqiti.services.payment.usecases.verdicts import Verdicts


def review_handlers(verdicts: Verdicts) -> list[ControllerRouterHandler]:
    """Return the routes of reviews."""

    @post("/internal/payments/reviewed", status_code=200, guards=[requires_service(FRAUD)])
    async def take_verdict(data: JSONBody[Verdict]) -> VerdictTaken:
        """Act on what people decided about a payment."""
        if (data.outcome == "decline") != (data.declined is not None):
            raise Problem.invalid("A verdict names what was declined, and only then.", pointer="/declined")
        return VerdictTaken(await verdicts.take(data))

    return [take_verdict]
