"""The public routes: /v1/customers."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.contracts.public.common import CustomerId
from waqiti.contracts.public.customers import Customer
from waqiti.foundation.http import Request, json_answer, requires_scope
from waqiti.services.compliance.domain.customers import NewCustomer, Verification
from waqiti.services.compliance.usecases.customers import Answer, Customers


def public_routes(customers: Customers) -> Sequence[ControllerRouterHandler]:
    """Return the routes that the gateway forwards to."""

    @post("/v1/customers", status_code=201, operation_id="create_customer")
    async def create(request: Request, data: JSONBody[NewCustomer]) -> Response[Customer]:
        """Take on a customer. Somebody who is found on a sanctions list is blocked, who may be is in review."""
        return _answer(await customers.take_on(request.request_key, data))

    @get("/v1/customers/{customer_id:str}", operation_id="read_customer")
    async def read(customer_id: FromPath[CustomerId]) -> Customer:
        """Read a customer."""
        return await customers.read(customer_id)

    @post(
        "/v1/customers/{customer_id:str}/verification",
        status_code=200,
        operation_id="verify_customer",
        guards=[requires_scope("operator")],
    )
    async def verify(
        request: Request, customer_id: FromPath[CustomerId], data: JSONBody[Verification]
    ) -> Response[Customer]:
        """Give a customer a tier, and so other limits (operators only)."""
        verified_by = request.principal.key_id
        key, request_id = request.request_key, request.incoming.request_id
        return _answer(await customers.verify(key, request_id, customer_id, data, verified_by))

    return [create, read, verify]


def _answer(answer: Answer) -> Response[Customer]:
    return json_answer(answer.body, answer.status, replayed=answer.replayed)
