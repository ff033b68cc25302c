"""waqiti.client against a platform that does and misbehaves to order."""

import asyncio
import pydoc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.support.scripted_server import Exchange, Script, ScriptedServer
from waqiti.client import AsyncClient, Client, Conflict, Page, PaymentEvent, Unavailable, pages
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import Problem

REFUND = (
    b'{"id":"ref_1","payment_id":"pay_1","amount":1,"status":"succeeded","failure":null,'
    b'"created_at":"2026-01-01T00:00:00Z"}'
)


def problem(status: int, code: str, *, retryable: bool) -> bytes:
    return msgspec.json.encode(Problem(status, code, "To order.", retryable=retryable).document("req_1"))


@asynccontextmanager
async def client_of(script: Script, max_attempts: int = 4) -> AsyncIterator[tuple[AsyncClient, ScriptedServer]]:
    async with (
        ScriptedServer(script).running() as server,
        AsyncClient(server.url, "wk_key", max_attempts=max_attempts) as client,
    ):
        yield client, server


async def test_a_platform_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.number == 1:
            exchange.answer(problem(503, "read_only", retryable=True), 503, "retry-after: 1")
        else:
            exchange.answer(REFUND)

    async with client_of(script) as (client, server):
        began = time.monotonic()

        refund = await client.refunds.get("ref_1")

        assert refund.status == "succeeded"
        assert len(server.requests) == 2
        assert time.monotonic() - began >= 1


async def test_a_call_is_tried_again_under_the_same_key_and_no_more_often_than_it_may() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.answer(problem(503, "overloaded", retryable=True), 503)

    async with client_of(script, max_attempts=3) as (client, server):
        with pytest.raises(Unavailable):
            await client.payments.refund("pay_1", amount=1)

        keys = {
            line for exchange in server.requests for line in exchange.request.split(b"\r\n") if b"idempotency" in line
        }
        assert (len(server.requests), len(keys)) == (3, 1)


async def test_what_no_second_try_can_mend_is_raised_at_once() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.answer(problem(409, "conflict", retryable=False), 409)

    async with client_of(script) as (client, server):
        with pytest.raises(Conflict):
            await client.payments.refund("pay_1", amount=1)

        assert len(server.requests) == 1


async def three_pages(exchange: Exchange) -> None:
    """Answer with two events a page, the page after the cursor "n" being the n-th."""
    target = exchange.request.split()[1].decode()
    number = int(target.partition("cursor=")[2] or 0)
    event = PaymentEvent(
        id=f"evt_{number}", type="payment.captured", status="captured", actor="key", reason=None, at=utc_now()
    )
    exchange.answer(msgspec.json.encode(Page([event, event], str(number + 1) if number < 2 else None)))


async def test_a_whole_list_is_walked_with_either_client_by_the_same_name() -> None:
    async with client_of(three_pages) as (client, server):

        def walk() -> list[str]:
            with Client(server.url, "wk_key") as waiting:
                return [event.id for event in pages(waiting.payments.events, "pay_1")]

        awaited = [event.id async for event in pages(client.payments.events, "pay_1")]
        waited = await asyncio.to_thread(walk)

        assert awaited == waited == ["evt_0", "evt_0", "evt_1", "evt_1", "evt_2", "evt_2"]
        targets = [exchange.request.split()[1].decode() for exchange in server.requests[:3]]
        path = "/v1/payments/pay_1/events?limit=100"
        assert targets == [path, f"{path}&cursor=1", f"{path}&cursor=2"]


async def test_who_has_seen_enough_fetches_no_more() -> None:
    async with client_of(three_pages) as (client, server):
        async for _ in pages(client.payments.events, "pay_1", limit=2):
            break

        assert len(server.requests) == 1


def test_help_shows_what_a_call_of_the_waiting_client_takes() -> None:
    with Client("http://127.0.0.1:1", "wk_key") as waiting:
        shown = pydoc.plain(pydoc.render_doc(waiting.payments.create))
        assert "create(*, from_wallet: str, to_wallet: str, amount: int" in shown
        assert "Pay ``amount`` minor units" in shown
