"""Bad input gets a clear refusal with a stable code, and nothing is written."""

import json
from uuid import uuid4

import pytest

from tests.support.people import People
from tests.support.raw import Answer, RawClient
from waqiti.client import Client

UNKNOWN_WALLET = "wal_" + "0" * 26


def _send(raw: RawClient, body: bytes) -> Answer:
    return raw.send("POST", "/v1/payments", body, {"Idempotency-Key": uuid4().hex})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"nonsense", id="no JSON"),
        pytest.param(b"[]", id="an array"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{} {}", id="two documents"),
        pytest.param(b"\xff\xfe{}", id="no UTF-8"),
        pytest.param(b'{"amount": NaN}', id="NaN"),
        pytest.param(b'{"description": "\\u0000"}', id="escaped NUL"),
        pytest.param(b'{"description": "\x00"}', id="raw NUL"),
        pytest.param(b'{"description": "\\ud800"}', id="lone high surrogate"),
        pytest.param(b'{"description": "\\udc00 "}', id="lone low surrogate"),
        pytest.param(b'{"amount": 1, "amount": 2}', id="a field twice"),
        pytest.param(b'{"metadata": ' + b"[" * 40 + b"]" * 40 + b"}", id="too deep"),
        pytest.param(b'{"metadata": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", id="far too deep"),
    ],
)
def test_a_body_that_is_no_proper_json_object_is_refused(raw: RawClient, body: bytes) -> None:
    answer = _send(raw, body)

    assert answer.status == 422
    assert answer.problem()["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 0),
        ("amount", -1),
        ("amount", 1.5),
        ("amount", 1.0),
        ("amount", "100"),
        ("amount", True),
        ("amount", None),
        ("amount", 10**15 + 1),
        ("amount", 10**30),
        ("currency", "eur"),
        ("currency", "XXX"),
        ("currency", "EURO"),
        ("currency", 978),
        ("currency", "USD"),
        ("fee", -1),
        ("fee", 101),
        ("capture", "later"),
        ("surprise", 1),
        ("metadata", {"a": 1}),
        ("metadata", []),
        ("description", 5),
        ("from_wallet", 5),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(
    raw: RawClient, client: Client, people: People, field: str, value: object
) -> None:
    payer, payee = people.wallet(funds=100), people.wallet()
    body = {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 100, "currency": "EUR"} | {field: value}

    answer = _send(raw, json.dumps(body).encode())

    assert answer.status == 422
    problem = answer.problem()
    assert problem["code"] == "invalid_request"
    assert any(field in error["pointer"] for error in problem["errors"]), problem
    assert people.available(payer) == 100
    assert client.payments.list(wallet=payer.id).data == []


@pytest.mark.parametrize("missing", ["from_wallet", "to_wallet", "amount", "currency"])
def test_a_missing_field_is_named(raw: RawClient, people: People, missing: str) -> None:
    payer, payee = people.wallet(), people.wallet()
    body = {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 100, "currency": "EUR"}
    del body[missing]

    answer = _send(raw, json.dumps(body).encode())

    assert answer.status == 422
    assert missing in json.dumps(answer.problem())


def test_the_same_wallet_twice_is_refused(raw: RawClient, people: People) -> None:
    wallet = people.wallet(funds=100)
    body = {"from_wallet": wallet.id, "to_wallet": wallet.id, "amount": 1, "currency": "EUR"}

    assert raw.post("/v1/payments", body).status == 422


@pytest.mark.parametrize("wallet", [UNKNOWN_WALLET, "wal_x", "nonsense", "pay_" + "0" * 26, "wal_" + "z" * 26])
def test_an_unknown_wallet_is_not_found(raw: RawClient, people: People, wallet: str) -> None:
    body = {"from_wallet": people.wallet(funds=1).id, "to_wallet": wallet, "amount": 1, "currency": "EUR"}

    answer = raw.post("/v1/payments", body)

    assert answer.status == 404
    assert answer.problem()["code"] == "not_found"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payments/pay_" + "0" * 26,
        "/v1/payments/nonsense",
        "/v1/wallets/" + UNKNOWN_WALLET,
        "/v1/wallets/%00",
        "/v1/customers/cus_" + "0" * 26,
        "/v1/deposits/dep_" + "0" * 26,
        "/v1/withdrawals/wdr_" + "0" * 26,
        "/v1/refunds/ref_" + "0" * 26,
        "/v1/nothing",
        "/nothing",
    ],
)
def test_what_does_not_exist_is_not_found(raw: RawClient, path: str) -> None:
    answer = raw.get(path)

    assert answer.status == 404
    assert answer.problem()["code"] == "not_found"


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=-1", "cursor=%21%21", "cursor=abc"])
def test_a_page_that_cannot_be_is_refused(raw: RawClient, query: str) -> None:
    answer = raw.get(f"/v1/payments?{query}")

    assert answer.status == 422
    assert answer.problem()["code"] == "invalid_request"


def test_another_method_is_refused_with_those_allowed(raw: RawClient) -> None:
    answer = raw.send("DELETE", "/v1/payments")

    assert answer.status == 405
    assert answer.problem()["status"] == 405
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["allow"].split(",")}


def test_another_content_type_is_refused(raw: RawClient) -> None:
    answer = raw.send("POST", "/v1/payments", b"a=1", {"Content-Type": "text/plain", "Idempotency-Key": uuid4().hex})

    assert answer.status == 415
    assert answer.problem()["status"] == 415


@pytest.mark.parametrize("size", [(1 << 20) + 1, 9 << 20])
def test_too_large_a_body_is_answered_and_not_reset(raw: RawClient, size: int) -> None:
    answer = _send(raw, b'{"description":"' + b"x" * size + b'"}')

    assert answer.status == 413
    assert answer.problem()["status"] == 413


@pytest.mark.parametrize("key", [None, "", "wrong", "Bearer", "x" * 4_000])
def test_without_a_known_key_nothing_is_served(raw: RawClient, key: str | None) -> None:
    answer = raw.send("GET", "/v1/payments", key=key)

    assert answer.status == 401
    assert answer.problem()["code"] == "unauthorized"


@pytest.mark.parametrize("path", ["/internal/transfers", "/internal/payments/states", "/actuator/env"])
def test_internal_paths_do_not_lead_through_the_gateway(raw: RawClient, path: str) -> None:
    assert raw.get(path).status in {403, 404}
