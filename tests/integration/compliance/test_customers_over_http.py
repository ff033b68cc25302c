"""Customers as the API knows them."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.support.house import OPERATOR_KEY, House, Visitor
from waqiti.contracts.catalog import COMPLIANCE
from waqiti.foundation.ids import decode, encode, new_id
from waqiti.services.compliance.service import SERVICE, shipped_list

ANN: dict[str, Any] = {"name": "Ann Example", "country": "DE"}
FULL: dict[str, Any] = ANN | {"date_of_birth": "1990-02-28", "email": "ann@example.com"}


async def rows(house: House, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(house.databases[COMPLIANCE].admin_url)
    found = await connection.fetch(query)
    await connection.close()
    return [tuple(row) for row in found]


async def taken_on(visitor: Visitor, body: dict[str, Any]) -> Any:
    answer = await visitor.post("/v1/customers", body)
    assert answer.status == 201, answer
    return answer.document()


async def test_a_customer_starts_basic_and_active_and_can_be_read(house: House) -> None:
    async with house.serving([SERVICE]) as addresses:
        visitor = house.client(addresses[COMPLIANCE])
        customer = await taken_on(visitor, FULL)

        assert decode("cus", customer["id"]) is not None
        assert customer == FULL | {
            "id": customer["id"],
            "tier": "basic",
            "status": "active",
            "created_at": customer["created_at"],
        }
        assert customer["created_at"].endswith("Z")
        read = await visitor.get(f"/v1/customers/{customer['id']}")
        assert (read.status, read.document()) == (200, customer)


async def test_everybody_on_the_shipped_list_becomes_a_blocked_customer(house: House) -> None:
    async with house.serving([SERVICE]) as addresses:
        visitor = house.client(addresses[COMPLIANCE])
        for entry in shipped_list().entries[:6]:
            for name in (entry.name, *entry.aliases, entry.name.upper(), ", ".join(reversed(entry.name.split()))):
                customer = await taken_on(visitor, {"name": name, "country": "FR"})
                assert (customer["status"], customer["name"]) == ("blocked", name)
        assert (await taken_on(visitor, ANN))["status"] == "active"
        found = await rows(house, "SELECT DISTINCT outcome, cardinality(found) FROM screenings ORDER BY 1")
        assert found == [("clear", 0), ("confirmed", 1)]


async def test_the_same_request_again_gives_the_same_answer_and_one_customer(house: House) -> None:
    async with house.serving([SERVICE]) as addresses:
        visitor = house.client(addresses[COMPLIANCE])
        key = uuid4().hex
        first = await visitor.post("/v1/customers", ANN, idempotency_key=key)
        again = await visitor.post("/v1/customers", dict(reversed(ANN.items())), idempotency_key=key)
        other = await visitor.post("/v1/customers", ANN | {"country": "FR"}, idempotency_key=key)

        assert (again.status, again.body) == (201, first.body)
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        assert (other.status, other.problem()["code"]) == (422, "idempotency_key_reused")
        assert await rows(house, "SELECT count(*) FROM customers") == [(1,)]


async def test_sixteen_equal_requests_at_once_make_one_customer(house: House) -> None:
    async with house.serving([SERVICE]) as addresses:
        visitor = house.client(addresses[COMPLIANCE])
        key = uuid4().hex
        answers = await asyncio.gather(*(visitor.post("/v1/customers", ANN, idempotency_key=key) for _ in range(16)))

        assert {answer.status for answer in answers} <= {201, 409}
        assert len({answer.body for answer in answers if answer.status == 201}) == 1
        assert {answer.problem()["code"] for answer in answers if answer.status == 409} <= {"idempotency_in_flight"}
        assert await rows(house, "SELECT count(*) FROM customers") == [(1,)]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, None),
        ({"name": "Ann"}, None),
        (ANN | {"name": ""}, ["/name"]),
        (ANN | {"name": " "}, ["/name"]),
        (ANN | {"name": "x" * 201}, ["/name"]),
        (ANN | {"name": 5}, ["/name"]),
        (ANN | {"name": "A\u0000"}, ["/name"]),
        (ANN | {"name": "A\ud800"}, ["/name"]),
        (ANN | {"country": "de"}, ["/country"]),
        (ANN | {"country": "ZZ"}, ["/country"]),
        (ANN | {"country": "DEU"}, ["/country"]),
        (ANN | {"date_of_birth": "1990-02-30"}, ["/date_of_birth"]),
        (ANN | {"date_of_birth": "9999-01-01"}, ["/date_of_birth"]),
        (ANN | {"date_of_birth": "28.2.1990"}, ["/date_of_birth"]),
        (ANN | {"email": "nobody"}, ["/email"]),
        (ANN | {"tier": "enhanced"}, ["/tier"]),
        (ANN | {"status": "active"}, ["/status"]),
    ],
)
async def test_what_makes_no_customer_is_named_and_nothing_is_written(
    house: House, body: dict[str, Any], pointers: list[str] | None
) -> None:
    async with house.serving([SERVICE], role="api") as addresses:
        answer = await house.client(addresses[COMPLIANCE]).post("/v1/customers", body)
        assert (answer.status, answer.problem()["code"]) == (422, "invalid_request")
        if pointers is not None:
            assert [error["pointer"] for error in answer.problem()["errors"]] == pointers
        assert await rows(house, "SELECT count(*) FROM customers") == [(0,)]
        assert await rows(house, "SELECT count(*) FROM idempotency") == [(0,)]


async def test_a_customer_that_there_is_not_is_not_found(house: House) -> None:
    async with house.serving([SERVICE]) as addresses:
        operator = house.client(addresses[COMPLIANCE], OPERATOR_KEY)
        for unknown in (encode("cus", new_id()), encode("wal", new_id()), "cus_nonsense", "x"):
            assert (await operator.get(f"/v1/customers/{unknown}")).problem()["code"] == "not_found"
            answer = await operator.post(f"/v1/customers/{unknown}/verification", {"tier": "standard"})
            assert (answer.status, answer.problem()["code"]) == (404, "not_found")


async def test_an_operator_gives_a_tier_and_it_is_written_down_who_and_why(house: House) -> None:
    async with house.serving([SERVICE]) as addresses:
        visitor, operator = house.client(addresses[COMPLIANCE]), house.client(addresses[COMPLIANCE], OPERATOR_KEY)
        customer = await taken_on(visitor, ANN)
        path, key = f"/v1/customers/{customer['id']}/verification", uuid4().hex
        documents = [{"kind": "passport", "reference": "vault/17"}]

        refused = await visitor.post(path, {"tier": "enhanced"})
        given = await operator.post(path, {"tier": "enhanced", "documents": documents}, idempotency_key=key)
        again = await operator.post(path, {"tier": "enhanced", "documents": documents}, idempotency_key=key)
        lowered = await operator.post(path, {"tier": "standard"})

        assert (refused.status, refused.problem()["code"]) == (403, "forbidden")
        assert (given.status, given.document()) == (200, customer | {"tier": "enhanced"})
        assert (again.status, again.body, again.headers["idempotent-replayed"]) == (200, given.body, "true")
        assert lowered.document()["tier"] == "standard"
        for body in ({"tier": "gold"}, {}, {"tier": "basic", "documents": [{"kind": "passport"}]}):
            assert (await operator.post(path, body)).status == 422
        assert await rows(
            house, "SELECT tier_before, tier, verified_by, documents->0->>'kind' FROM verifications ORDER BY id"
        ) == [("basic", "enhanced", "key_operator", "passport"), ("enhanced", "standard", "key_operator", None)]


async def test_other_services_read_how_customers_stand_and_nothing_personal(house: House) -> None:
    async with house.serving([SERVICE]) as addresses:
        customer = await taken_on(house.client(addresses[COMPLIANCE]), FULL)
        identifier = str(decode("cus", customer["id"]))
        wallets = house.internal_client(addresses[COMPLIANCE], "wallet-service")
        answer = await wallets.post("/internal/customers/facts", {"ids": [identifier, str(new_id())]})
        assert answer.document() == {"customers": [{"id": identifier, "tier": "basic", "status": "active"}]}
        stranger = house.internal_client(addresses[COMPLIANCE], "ledger-service")
        assert (await stranger.post("/internal/customers/facts", {"ids": []})).status == 403
