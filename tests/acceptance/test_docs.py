"""The API document as people and tools read it."""

import re
from typing import Any

import pytest

from tests.support.platform import Platform
from tests.support.raw import RawClient


def test_the_page_loads_nothing_from_elsewhere(platform: Platform) -> None:
    anybody = RawClient(platform.credentials.base_url, None)
    page = anybody.get("/docs")
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert len(parts) == 4
    for part in parts:
        assert part.startswith("/docs/")
        assert anybody.get(part).status == 200
    assert "http" not in anybody.get("/docs/start.js").body.decode()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_front_door_leads_to_the_page(platform: Platform, method: str) -> None:
    answer = RawClient(platform.credentials.base_url, None).send(method, "/")

    assert (answer.status, answer.headers["location"]) == (303, "/docs")


def test_the_document_is_in_sections_and_its_examples_are_what_it_asks_for(platform: Platform) -> None:
    document = RawClient(platform.credentials.base_url, None).get("/openapi.json").document()
    sections = [tag["name"] for tag in document["tags"]]
    operations = [operation for item in document["paths"].values() for operation in item.values()]

    assert sections == [
        *("Customers", "Wallets", "Money in and out", "Payments", "Reviews", "The books", "Events and webhooks"),
    ]
    assert all(len(operation["tags"]) == 1 and operation["tags"][0] in sections for operation in operations)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]) for operation in operations)
    for word in ("Bearer", "Idempotency-Key", "minor unit", "Prefer"):
        assert word in document["info"]["description"]
    payment = document["paths"]["/v1/payments"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert (payment["amount"], payment["currency"]) == (1250, "EUR")
    assert payment["from_wallet"] != payment["to_wallet"]


def test_the_examples_work_as_they_stand_once_the_ids_are_those_of_things(platform: Platform, raw: RawClient) -> None:
    document = raw.get("/openapi.json").document()

    def tried(path: str, **ids: str) -> Any:
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        answer = raw.post(path, content["example"] | ids)
        assert answer.status in (201, 202), answer.body
        return answer.document()

    customer = tried("/v1/customers")["id"]
    payer, payee = (tried("/v1/wallets", customer_id=customer)["id"] for _ in range(2))
    assert tried("/v1/deposits", wallet_id=payer)["status"] == "settled"
    assert tried("/v1/payments", from_wallet=payer, to_wallet=payee)["status"] == "captured"
    assert tried("/v1/withdrawals", wallet_id=payee)["status"] in ("settled", "pending")


def test_a_statement_is_offered_as_json_and_as_csv(platform: Platform) -> None:
    document = RawClient(platform.credentials.base_url, None).get("/openapi.json").document()
    statement = document["paths"]["/v1/wallets/{wallet_id}/statement"]["get"]

    assert statement["responses"]["200"]["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Statement"}},
        "text/csv": {"schema": {"type": "string"}},
    }
    (form,) = [parameter for parameter in statement["parameters"] if parameter["name"] == "format"]
    assert sorted(form["schema"]["enum"]) == ["csv", "json"]


def test_the_document_is_whole(platform: Platform) -> None:
    answer = RawClient(platform.credentials.base_url, None).get("/openapi.json")
    document = answer.document()
    text = answer.body.decode()

    assert document["openapi"] == "3.1.0"
    for reference in set(re.findall(r'"#/components/(\w+)/(\w+)"', text)):
        section, name = reference
        assert name in document["components"][section]
    named = {name for item in document["security"] for name in item}
    for operations in document["paths"].values():
        for operation in operations.values():
            named |= {name for item in operation["security"] for name in item}
    assert named <= set(document["components"]["securitySchemes"])
    assert not re.search(r'"/(?:internal|actuator)', text)
