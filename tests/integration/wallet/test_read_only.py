"""wallet-service and compliance-service in read-only: replays as before, nothing new, what was accepted settles."""

import asyncio
from pathlib import Path

from tests.integration.wallet.conftest import ALL, movement, visited
from tests.support.house import House, Visitor
from tests.support.raw import Answer
from tests.support.switching import Board
from waqiti.contracts.catalog import COMPLIANCE, WALLET


def assert_read_only(answer: Answer) -> None:
    assert (answer.status, answer.problem()["code"]) == (503, "read_only"), answer


async def follows(visitor: Visitor, revision: int) -> None:
    async with asyncio.timeout(1):
        while True:
            health = (await visitor.get("/actuator/health")).document()
            if health["components"]["switches"]["detail"].startswith(f"revision {revision},"):
                return
            await asyncio.sleep(0.02)


async def test_replays_are_answered_and_nothing_new_begins(house: House, tmp_path: Path) -> None:
    board = Board(tmp_path)
    async with house.serving(ALL, own={WALLET: board.variables, COMPLIANCE: board.variables}) as addresses:
        bank = visited(house, addresses)
        person = {"name": "Ana Maria", "country": "DE"}
        customer = await bank.customers.post("/v1/customers", person, idempotency_key="customer")
        opening = {"customer_id": customer.document()["id"], "currency": "EUR"}
        wallet = await bank.wallets.post("/v1/wallets", opening, idempotency_key="wallet")
        deposit = movement(wallet.document()["id"], 500)
        paid_in = await bank.wallets.post("/v1/deposits", deposit, idempotency_key="deposit")

        for service in (WALLET, COMPLIANCE):
            board.set(service, "READ_ONLY_MODE", True)
        await follows(bank.wallets, board.revision)
        await follows(bank.customers, board.revision)

        for visitor, path, body, key, first in (
            (bank.customers, "/v1/customers", person, "customer", customer),
            (bank.wallets, "/v1/wallets", opening, "wallet", wallet),
            (bank.wallets, "/v1/deposits", deposit, "deposit", paid_in),
        ):
            again = await visitor.post(path, body, idempotency_key=key)
            assert (again.status, again.headers["idempotent-replayed"]) == (first.status, "true")
            assert again.document()["id"] == first.document()["id"]
            assert_read_only(await visitor.post(path, body))
        assert_read_only(await bank.wallets.post("/v1/withdrawals", movement(wallet.document()["id"], 100)))
        assert_read_only(
            await bank.wallets.post(f"/v1/wallets/{wallet.document()['id']}/freeze", {"reason": "asked for"})
        )

        settled = await bank.wallets.settled(f"/v1/deposits/{paid_in.document()['id']}")
        assert settled["status"] == "settled"
        assert await bank.balance(wallet.document()["id"]) == (500, 0, 500)
