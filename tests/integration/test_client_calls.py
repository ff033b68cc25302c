"""The client between services: kept connections, deadlines, one retry, a breaker."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.support.scripted_server import Exchange, Script, ScriptedServer
from tests.support.small_service import refused_url
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.http.client import Deadline, HttpClient, HttpResponse, NoAnswer, ServiceClient
from waqiti.foundation.telemetry import Trace, enter_trace

OTHER = "other-service"


class Body(msgspec.Struct, frozen=True):
    number: int


@asynccontextmanager
async def client_of(
    script: Script, *, max_connections: int = 8, max_waiters: int = 64
) -> AsyncIterator[tuple[ServiceClient, ScriptedServer]]:
    async with ScriptedServer(script).running() as server:
        client = ServiceClient(
            OTHER,
            server.url,
            authorization=lambda: b"Bearer token",
            max_connections=max_connections,
            max_waiters=max_waiters,
        )
        try:
            yield client, server
        finally:
            await client.close()


def state(client: HttpClient) -> str:
    return client.breaker_state


async def get(client: HttpClient, *, seconds: float = 2.0, idempotent: bool = True) -> HttpResponse:
    return await client.request("GET", "/", headers=[], deadline=Deadline(seconds), idempotent=idempotent)


async def call(client: ServiceClient, *, idempotent: bool = True, seconds: float = 2.0) -> Body:
    return await client.call("POST", "/x", Body(7), Body, timeout_seconds=seconds, idempotent=idempotent)


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def first(then: Callable[[Exchange], None]) -> Script:
    """Do ``then`` with the first request and answer the others."""

    async def script(exchange: Exchange) -> None:
        if exchange.number == 1:
            then(exchange)
        else:
            exchange.answer(b'{"number":2}')

    return script


async def answering(exchange: Exchange) -> None:
    exchange.answer(b'{"number":1}')


async def silent(_exchange: Exchange) -> None:
    return None


async def test_a_call_carries_who_calls_and_the_trace_and_reads_a_typed_reply() -> None:
    async with client_of(answering) as (client, server):
        enter_trace(Trace("req_abcdefgh", "00-" + "a" * 32 + "-" + "b" * 16 + "-01"))
        assert await call(client) == Body(1)
        request = server.requests[0].request
    assert request.startswith(b"POST /x HTTP/1.1\r\n")
    assert request.endswith(b'\r\n\r\n{"number":7}')
    for line in (b"authorization: Bearer token", b"x-request-id: req_abcdefgh", b"traceparent: 00-" + b"a" * 32):
        assert line in request


async def test_one_connection_serves_one_call_after_the_other() -> None:
    async with client_of(answering) as (client, server):
        for _ in range(20):
            await call(client)
        assert server.connections == 1


async def test_connections_are_bounded_and_calls_wait_for_one() -> None:
    async def slowly(exchange: Exchange) -> None:
        await asyncio.sleep(0.01)
        exchange.answer()

    async with client_of(slowly, max_connections=3) as (client, server):
        answers = await asyncio.gather(*(get(client) for _ in range(30)))
        assert {answer.status for answer in answers} == {200}
        assert server.connections == 3


async def test_a_crowd_beyond_the_bound_is_turned_away_unsent_and_the_breaker_stays_closed() -> None:
    async with client_of(silent, max_connections=1, max_waiters=2) as (client, server):
        outcomes = await asyncio.gather(*(get(client, seconds=0.3) for _ in range(20)), return_exceptions=True)
        sent = [error.sent for error in outcomes if isinstance(error, NoAnswer)]
        assert len(sent) == 20
        assert sent.count(True) == len(server.requests)
        assert state(client) == "closed"


async def test_answers_of_every_framing_are_read_whole() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{}{\r\n2\r\n}}\r\n0\r\n\r\n"

    async def script(exchange: Exchange) -> None:
        match exchange.number:
            case 1:
                for byte in chunked:
                    exchange.writer.write(bytes([byte]))
                    await asyncio.sleep(0)
            case 2:
                exchange.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await exchange.writer.drain()
                exchange.answer(b"after 100")
            case _:
                exchange.writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with client_of(script) as (client, server):
        bodies = [(await get(client)).body for _ in range(3)]
        assert bodies == [b"{}{}}", b"after 100", b""]
        assert server.connections == 1


async def test_an_answer_without_a_length_is_no_answer_for_nobody_can_tell_whether_it_is_whole() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}")
        exchange.writer.close()

    async with client_of(script) as (client, _):
        with pytest.raises(NoAnswer):
            await get(client)


async def test_an_answer_to_head_has_no_body() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")

    async with client_of(script) as (client, _):
        answer = await client.request("HEAD", "/", headers=[], deadline=Deadline(1))
        assert (answer.status, answer.body, answer.header(b"content-length")) == (200, b"", b"100")


async def test_nobody_listening_is_told_at_once_as_not_sent() -> None:
    client = ServiceClient(OTHER, refused_url(), authorization=lambda: b"")
    began = time.monotonic()
    with pytest.raises(NoAnswer) as raised:
        await get(client)
    assert raised.value.sent is False
    with pytest.raises(DependencyUnavailable) as unavailable:
        await call(client)
    assert (unavailable.value.status, unavailable.value.code) == (503, "dependency_unavailable")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("idempotent", [True, False])
async def test_only_an_idempotent_call_is_repeated_when_its_connection_dies_unanswered(idempotent: bool) -> None:
    async with client_of(first(Exchange.abort)) as (client, server):
        if idempotent:
            assert await call(client) == Body(2)
        else:
            with pytest.raises(NoAnswer) as raised:
                await call(client, idempotent=False)
            assert raised.value.sent is True
        assert len(server.requests) == (2 if idempotent else 1)


async def test_a_call_is_repeated_once_and_no_more() -> None:
    async def always(exchange: Exchange) -> None:
        exchange.abort()

    async with client_of(always) as (client, server):
        with pytest.raises(NoAnswer) as raised:
            await call(client)
        assert (raised.value.sent, len(server.requests)) == (True, 2)


async def test_a_call_whose_answer_has_begun_is_never_repeated() -> None:
    def half(exchange: Exchange) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{")
        exchange.writer.close()

    async with client_of(first(half)) as (client, server):
        with pytest.raises(NoAnswer) as raised:
            await call(client)
        assert (raised.value.sent, len(server.requests)) == (True, 1)


async def test_repeats_stop_when_the_budget_is_spent() -> None:
    async def every_second(exchange: Exchange) -> None:
        if exchange.number % 2:
            exchange.abort()
        else:
            exchange.answer(b'{"number":1}')

    async with client_of(every_second) as (client, server):
        outcomes = [await _outcome(call(client)) for _ in range(40)]
        assert outcomes.count("NoAnswer") > 10
        assert len(server.requests) <= 40 + 10 + 4


async def test_a_connection_that_the_server_closed_while_idle_is_not_used_again() -> None:
    def answer_and_close(exchange: Exchange) -> None:
        exchange.answer(b'{"number":1}')
        exchange.writer.close()

    async with client_of(first(answer_and_close)) as (client, server):
        await call(client, idempotent=False)
        await eventually(lambda: server.open == 0)
        await asyncio.sleep(0.01)
        assert await call(client, idempotent=False) == Body(2)
        assert server.connections == 2


async def test_an_answer_that_says_close_ends_the_connection_without_losing_a_call() -> None:
    async def closing(exchange: Exchange) -> None:
        exchange.answer(b'{"number":1}', 200, "connection: close")

    async with client_of(closing) as (client, server):
        for _ in range(10):
            assert await call(client, idempotent=False) == Body(1)
        assert server.connections == 10


async def test_a_late_answer_is_no_answer_and_cannot_be_taken_for_the_next() -> None:
    async def late(exchange: Exchange) -> None:
        if exchange.number == 1:
            await asyncio.sleep(1)
        exchange.answer(b'{"number":%d}' % exchange.number)

    async with client_of(late, max_connections=1) as (client, server):
        began = time.monotonic()
        with pytest.raises(NoAnswer) as raised:
            await call(client, seconds=0.05)
        assert raised.value.sent is True
        assert time.monotonic() - began < 1
        assert await call(client) == Body(2)
        assert len(server.requests) == 2


async def test_a_call_that_was_given_up_leaves_no_answer_behind() -> None:
    async with client_of(first(lambda _exchange: None), max_connections=1) as (client, server):
        waiting = asyncio.create_task(call(client))
        await eventually(lambda: len(server.requests) == 1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert await call(client) == Body(2)


async def test_a_service_that_never_answers_is_left_alone_and_tried_again_by_one() -> None:
    answers = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        if answers.is_set():
            exchange.answer(b'{"number":1}')

    async with client_of(script) as (client, server):
        for _ in range(5):
            with pytest.raises(NoAnswer):
                await call(client, idempotent=False, seconds=0.02)
        assert state(client) == "open"
        sent = len(server.requests)
        outcomes = await asyncio.gather(*(_outcome(call(client)) for _ in range(50)))
        assert set(outcomes) == {"DependencyUnavailable"}
        assert len(server.requests) == sent
        answers.set()
        await eventually(lambda: state(client) == "half-open")
        assert await call(client) == Body(1)
        assert state(client) == "closed"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (409, b'{"status":409,"code":"conflict","detail":"No."}', Problem, "conflict"),
        (422, b'{"status":422,"code":"invalid_request","detail":"No.","errors":[]}', Problem, "invalid_request"),
        (503, b'{"status":503,"code":"read_only","detail":"No."}', DependencyUnavailable, "dependency_unavailable"),
        (500, b'{"status":500,"code":"internal_error","detail":"No."}', NoAnswer, "dependency_unavailable"),
        (502, b"<html>", NoAnswer, "dependency_unavailable"),
        (404, b"<html>", NoAnswer, "dependency_unavailable"),
        (200, b'{"number":"text"}', NoAnswer, "dependency_unavailable"),
        (200, b"", NoAnswer, "dependency_unavailable"),
    ],
)
async def test_every_answer_is_a_reply_a_problem_or_unknown(
    status: int, body: bytes, kind: type[Problem], code: str
) -> None:
    async def script(exchange: Exchange) -> None:
        exchange.answer(body, status, "retry-after: 3")

    async with client_of(script) as (client, _):
        with pytest.raises(Problem) as raised:
            await call(client)
    assert type(raised.value) is kind
    assert raised.value.code == code
    if kind is NoAnswer:
        assert isinstance(raised.value, NoAnswer)
        assert raised.value.sent is True
    else:
        assert raised.value.retry_after_seconds == 3


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"])
async def test_an_answer_that_is_not_http_is_no_answer(answer: bytes) -> None:
    async def script(exchange: Exchange) -> None:
        exchange.writer.write(answer)

    async with client_of(script) as (client, _):
        with pytest.raises(NoAnswer):
            await call(client, idempotent=False)


@pytest.mark.parametrize("path", ["/a b", "/a\r\nx: y", "", "/é"])
async def test_a_path_cannot_smuggle_a_second_line(path: str) -> None:
    async with client_of(answering) as (client, server):
        with pytest.raises(ValueError, match="path"):
            await client.request("GET", path, headers=[], deadline=Deadline(1))
        with pytest.raises(ValueError, match="line break"):
            await client.request("GET", "/", headers=[(b"x", b"a\r\nb: c")], deadline=Deadline(1))
        assert server.requests == []


async def _outcome(awaitable: Awaitable[object]) -> str:
    try:
        await awaitable
    except Problem as problem:
        return type(problem).__name__
    return "answered"
