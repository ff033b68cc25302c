"""What the benchmark of drops calls a drop: every way in which a server can let a request down."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from bench.drops.clients import Client, FreshClient, KeptClient
from bench.drops.exchange import Answer, Drop, connect
from bench.drops.recording import Recorder
from bench.drops.traffic import Traffic
from tests.support.scripted_server import Exchange, Script, ScriptedServer

HEAD = b"GET / HTTP/1.1\r\nhost: here"
TIMES = b'"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00.25Z"}'
PAYMENT = b'{"id": "pay_1", "status": "captured", ' + TIMES


async def reset(exchange: Exchange) -> None:
    sock = exchange.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    exchange.abort()


async def close(exchange: Exchange) -> None:
    exchange.writer.close()


async def half_an_answer(exchange: Exchange) -> None:
    exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
    exchange.writer.close()


async def nonsense(exchange: Exchange) -> None:
    exchange.writer.write(b"* OK IMAP4rev1 ready\r\n\r\n")


@asynccontextmanager
async def asking(script: Script) -> AsyncIterator[tuple[ScriptedServer, Client, Client, list[Drop]]]:
    async with ScriptedServer(script).running() as server:
        parts = urlsplit(server.url)
        early: list[Drop] = []
        kept = KeptClient(str(parts.hostname), int(parts.port or 0), early.append)
        yield server, FreshClient(str(parts.hostname), int(parts.port or 0)), kept, early
        kept.close()


async def ask(client: Client) -> Answer:
    await client.turn()
    return await client.send(HEAD, b"")


@pytest.mark.parametrize(
    ("script", "kind"),
    [(reset, "reset"), (close, "no_answer"), (half_an_answer, "short_body"), (nonsense, "not_http")],
)
async def test_a_request_that_is_let_down_is_a_drop_for_both_clients(script: Script, kind: str) -> None:
    async with asking(script) as (server, fresh, kept, _):
        for client in (fresh, kept):
            with pytest.raises(Drop) as caught:
                await ask(client)
            assert caught.value.kind == kind
    assert len(server.requests) == 2, "nobody tried again"


async def test_a_port_where_nobody_listens_is_a_drop() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(Drop) as caught:
            await connect("127.0.0.1", probe.getsockname()[1])
    assert caught.value.kind == "connect_error"


async def test_an_answer_that_says_close_is_honoured_and_is_no_drop() -> None:
    async def answer_and_close(exchange: Exchange) -> None:
        exchange.answer(b"{}", 200, "connection: close")

    async with asking(answer_and_close) as (server, _, kept, early):
        answers = [await ask(kept) for _ in range(40)]
    assert answers == [Answer(200, b"{}", closes=True)] * 40
    assert (server.connections, early) == (40, [])


async def test_a_connection_that_is_closed_between_requests_without_a_word_is_a_drop() -> None:
    async def answer_then_close(exchange: Exchange) -> None:
        exchange.answer()
        exchange.writer.close()

    async with asking(answer_then_close) as (_, _, kept, early):
        for _ in range(17):
            await ask(kept)
            await asyncio.sleep(0.01)
    assert [drop.kind for drop in early] == ["closed_early"]


@pytest.mark.parametrize(
    ("status", "body", "violations"),
    [
        (201, PAYMENT, {}),
        (202, b'{"id": "pay_1", "status": "screening"}', {}),
        (503, b"{}", {"server_error": 1}),
        (409, b"{}", {"refused": 1}),
        (200, PAYMENT, {"refused": 1}),
        (201, PAYMENT[:20], {"not_http": 1}),
    ],
)
async def test_every_answer_but_the_expected_one_is_counted(
    status: int, body: bytes, violations: dict[str, int]
) -> None:
    async def answer(exchange: Exchange) -> None:
        exchange.answer(body, status)
        stop.set()

    recorder, stop = Recorder(), asyncio.Event()
    async with asking(answer) as (server, fresh, _, _):
        await Traffic(server.url, "key", ["wal_1", "wal_2"], recorder, seed=1).run(fresh, stop)

    assert set(recorder.all.violations) == set(violations)
    assert recorder.statuses == {str(status): len(server.requests)}
