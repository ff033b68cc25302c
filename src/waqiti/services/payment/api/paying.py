"""``POST /v1/payments`` and its batch: raw routes, for they are the hot path."""

from typing import Final

from waqiti.contracts.payment import WAITING
from waqiti.contracts.public.payments import BatchResult, BatchResults, NewPayment, Payment
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import NO_QUERY, Incoming, Operation, Outgoing, RawRoute, wait_seconds
from waqiti.services.payment.api import views
from waqiti.services.payment.api.bodies import NewPayments
from waqiti.services.payment.api.orders import read_order, read_orders
from waqiti.services.payment.usecases.paying import DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS, Paid, Paying

PATH: Final = "/v1/payments"
BATCH_PATH: Final = "/v1/payments/batch"
_MAX_BATCH_BYTES: Final = 8 * 1024 * 1024
_REPLAYED: Final = ((b"idempotent-replayed", b"true"),)


def paying_routes(paying: Paying) -> list[RawRoute]:
    """Return both routes."""

    async def create_payment(incoming: Incoming) -> Outgoing:
        order, _ = read_order(incoming)
        (paid,) = await paying.pay([order], _wait(incoming))
        if isinstance(paid, Problem):
            raise paid
        status = 202 if paid.payment.state.status in WAITING else 201
        body = views.encode_json(views.payment(paid.payment, incoming.principal))
        return Outgoing(status, body, _REPLAYED if paid.replayed else ())

    async def create_payments(incoming: Incoming) -> Outgoing:
        orders = read_orders(incoming)
        batch = await paying.pay_batch(incoming.request_key(), orders, _wait(incoming))
        results = [_result(index, outcome, incoming) for index, outcome in enumerate(batch.outcomes)]
        return Outgoing(200, views.encode_json(BatchResults(results)), _REPLAYED if batch.replayed else ())

    return [
        RawRoute(
            method="POST",
            path=PATH,
            handler=create_payment,
            query=NO_QUERY,
            operation=Operation(
                summary="Pay from one wallet to another.",
                operation_id="create_payment",
                body=NewPayment,
                replies={201: Payment, 202: Payment},
                waits=True,
            ),
        ),
        RawRoute(
            method="POST",
            path=BATCH_PATH,
            handler=create_payments,
            query=NO_QUERY,
            max_body_bytes=_MAX_BATCH_BYTES,
            operation=Operation(
                summary="Make up to 1,000 payments, each for itself.",
                operation_id="create_payments",
                body=NewPayments,
                replies={200: BatchResults},
                waits=True,
            ),
        ),
    ]


def _result(index: int, outcome: Paid | Problem, incoming: Incoming) -> BatchResult:
    if isinstance(outcome, Problem):
        return BatchResult(index=index, problem=outcome.document(incoming.request_id))
    return BatchResult(index=index, payment=views.payment(outcome.payment, incoming.principal))


def _wait(incoming: Incoming) -> float:
    return wait_seconds(incoming.header(b"prefer"), default=DEFAULT_WAIT_SECONDS, maximum=MAX_WAIT_SECONDS)
