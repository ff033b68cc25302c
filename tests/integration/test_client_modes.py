"""What the client's nouns do is written once, and awaited or waited for."""

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any, assert_type

import pytest

import waqiti.client
from tests.support.scripted_server import Exchange, ScriptedServer
from waqiti.client import AsyncClient, Client, Customer, NotFound, Page, Wallet
from waqiti.client.calling import Resource, operation

NO_PAGE = b'{"data": [], "next_cursor": null}'


def nouns(client: Any) -> dict[str, Resource[Any]]:
    return {name: noun for name, noun in vars(client).items() if isinstance(noun, Resource)}


@pytest.fixture
def client() -> Iterator[Client]:
    with Client("http://127.0.0.1:1", "key") as waiting:
        yield waiting


async def test_both_clients_have_the_same_nouns_whose_calls_take_the_same_arguments(client: Client) -> None:
    async with AsyncClient("http://127.0.0.1:1", "key") as awaited:
        assert nouns(client).keys() == nouns(awaited).keys() >= {"customers", "payments", "models", "webhooks"}
        for name, noun in nouns(client).items():
            public = [call for call in vars(type(noun)) if not call.startswith("_")]
            assert public
            for call in public:
                assert isinstance(vars(type(noun))[call], operation), f"{name}.{call} is of one mode only"
                here, there = getattr(noun, call), getattr(nouns(awaited)[name], call)
                assert inspect.iscoroutinefunction(there)
                assert not inspect.iscoroutinefunction(here)
                assert (inspect.signature(here), here.__doc__) == (inspect.signature(there), there.__doc__)
                assert here.__doc__ is not None


async def test_what_is_awaited_and_what_is_waited_for_have_the_same_type() -> None:
    async def answer(exchange: Exchange) -> None:
        if b" /v1/wallets" in exchange.request:
            exchange.answer(NO_PAGE)
        else:
            exchange.answer(b'{"status": 404, "code": "not_found", "title": "No", "detail": "No such customer."}', 404)

    def waits(url: str) -> None:
        with Client(url, "key") as client:
            assert assert_type(client.wallets.list(limit=1), Page[Wallet]).data == []
            with pytest.raises(NotFound):
                assert_type(client.customers.get("cus_odd"), Customer)

    async with ScriptedServer(answer).running() as server:
        await asyncio.to_thread(waits, server.url)
        async with AsyncClient(server.url, "key") as client:
            assert assert_type(await client.wallets.list(limit=1), Page[Wallet]).data == []
            with pytest.raises(NotFound):
                assert_type(await client.customers.get("cus_odd"), Customer)


def test_every_public_name_is_there() -> None:
    assert [name for name in waqiti.client.__all__ if not hasattr(waqiti.client, name)] == []
