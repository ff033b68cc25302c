"""Cases as operators know them over HTTP, and nobody else does."""

from uuid import uuid4

import pytest

from tests.integration.compliance.test_customers_over_http import ANN, rows, taken_on
from tests.support.house import OPERATOR_KEY, House
from waqiti.contracts.catalog import COMPLIANCE
from waqiti.foundation.ids import encode, new_id
from waqiti.services.compliance.service import SERVICE

PERHAPS = {"name": "Zoblat Quenvik", "country": "DE"}
APPROVE = {"outcome": "approve", "reason": "Another date of birth"}


async def test_an_operator_lists_reads_and_decides_a_case(house: House) -> None:
    async with house.serving([SERVICE], role="api") as addresses:
        visitor, operator = house.client(addresses[COMPLIANCE]), house.client(addresses[COMPLIANCE], OPERATOR_KEY)
        customer, key = await taken_on(visitor, PERHAPS), uuid4().hex
        assert customer["status"] == "in_review"

        (case,) = (await operator.get("/v1/cases?status=open")).document()["data"]
        path = f"/v1/cases/{case['id']}"
        assert case["id"].startswith("case_")
        assert (await operator.get(path)).document() == case
        assert {name: case[name] for name in ("customer_id", "outcome", "status", "decided_at", "decided_by")} == {
            "customer_id": customer["id"],
            "outcome": "possible",
            "status": "open",
            "decided_at": None,
            "decided_by": None,
        }
        assert [(one["source"], one["reference"]) for one in case["matches"]] == [("invented", "INV-001")]

        decided = await operator.post(f"{path}/decision", APPROVE, idempotency_key=key)
        again = await operator.post(f"{path}/decision", APPROVE, idempotency_key=key)
        late = await operator.post(f"{path}/decision", APPROVE)

        document = decided.document()
        assert (decided.status, document["status"], document["decided_by"]) == (200, "approved", "key_operator")
        assert (again.status, again.body, again.headers["idempotent-replayed"]) == (200, decided.body, "true")
        assert (late.status, late.problem()["code"]) == (409, "conflict")
        assert (await visitor.get(f"/v1/customers/{customer['id']}")).document() == customer | {"status": "active"}
        assert (await operator.get("/v1/cases?status=open")).document()["data"] == []
        assert (await operator.get("/v1/cases?status=approved")).document()["data"] == [document]


async def test_cases_are_listed_newest_first_and_page_by_page(house: House) -> None:
    async with house.serving([SERVICE], role="api") as addresses:
        visitor, operator = house.client(addresses[COMPLIANCE]), house.client(addresses[COMPLIANCE], OPERATOR_KEY)
        made = [(await taken_on(visitor, PERHAPS))["id"] for _ in range(5)]
        await taken_on(visitor, ANN)

        for filtered in ("?", "?status=open&"):
            first = (await operator.get(f"/v1/cases{filtered}limit=3")).document()
            second = (await operator.get(f"/v1/cases{filtered}limit=3&cursor={first['next_cursor']}")).document()
            assert [one["customer_id"] for one in first["data"] + second["data"]] == made[::-1]
            assert second["next_cursor"] is None
        for wrong in ("limit=0", "limit=101", "cursor=x", "status=closed", "customer=x"):
            assert (await operator.get(f"/v1/cases?{wrong}")).status == 422


async def test_an_api_key_sees_and_decides_no_case(house: House) -> None:
    async with house.serving([SERVICE], role="api") as addresses:
        visitor, operator = house.client(addresses[COMPLIANCE]), house.client(addresses[COMPLIANCE], OPERATOR_KEY)
        await taken_on(visitor, PERHAPS)
        (case,) = (await operator.get("/v1/cases")).document()["data"]
        path = f"/v1/cases/{case['id']}"

        answers = [
            await visitor.get("/v1/cases"),
            await visitor.get(path),
            await visitor.post(f"{path}/decision", APPROVE),
        ]

        assert [(answer.status, answer.problem()["code"]) for answer in answers] == [(403, "forbidden")] * 3
        assert (await operator.get(path)).document() == case


async def test_a_case_that_there_is_not_is_not_found(house: House) -> None:
    async with house.serving([SERVICE], role="api") as addresses:
        operator = house.client(addresses[COMPLIANCE], OPERATOR_KEY)
        for unknown in (encode("case", new_id()), encode("cus", new_id()), "case_nonsense"):
            assert (await operator.get(f"/v1/cases/{unknown}")).status == 404
            answer = await operator.post(f"/v1/cases/{unknown}/decision", APPROVE)
            assert (answer.status, answer.problem()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "maybe"},
        {"reason": ""},
        {"reason": " \t"},
        {"reason": "x" * 501},
        {"reason": None},
        {"label": "legitimate"},
        {"list_version": 5},
    ],
)
async def test_what_decides_nothing_is_refused_and_leaves_the_case_open(house: House, wrong: dict[str, object]) -> None:
    async with house.serving([SERVICE], role="api") as addresses:
        operator = house.client(addresses[COMPLIANCE], OPERATOR_KEY)
        await taken_on(operator, PERHAPS)
        (case,) = (await operator.get("/v1/cases")).document()["data"]

        answer = await operator.post(f"/v1/cases/{case['id']}/decision", APPROVE | wrong)

        assert (answer.status, answer.problem()["code"]) == (422, "invalid_request")
        assert await rows(house, "SELECT status FROM cases") == [("open",)]
