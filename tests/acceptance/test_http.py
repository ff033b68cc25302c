"""HTTP as a client, a proxy or a probe speaks it: methods, queries, cursors, doors."""

from typing import Any

import pytest

from tests.support.people import People
from tests.support.platform import Platform
from tests.support.raw import RawClient
from waqiti.client import Client
from waqiti.contracts.catalog import GATEWAY

DIAGNOSTICS = (
    ("GET", "/actuator/metrics"),
    ("GET", "/actuator/metrics/http_requests_total"),
    ("GET", "/actuator/prometheus"),
    ("GET", "/actuator/env"),
    ("GET", "/actuator/loggers"),
    ("POST", "/actuator/refresh"),
    ("DELETE", "/cache/clear"),
)


@pytest.mark.parametrize("path", ["/health", "/health/critical", "/docs", "/openapi.json", "/v1/payments"])
def test_head_tells_what_get_would(raw: RawClient, path: str) -> None:
    answer = raw.send("HEAD", path)

    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/payments", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/v1/wallets", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/v1/deposits", {"OPTIONS", "POST"}),
        ("/health", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options_and_a_refused_method_name_the_same_methods(raw: RawClient, path: str, allowed: set[str]) -> None:
    options, refused = raw.send("OPTIONS", path), raw.send("PATCH", path, b"{}")

    assert (options.status, refused.status) == (204, 405)
    assert refused.problem()["code"] == "method_not_allowed"
    assert set(options.headers["allow"].split(", ")) == set(refused.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "query",
    [
        "limit=1.0",
        "limit=1e1",
        "limit=",
        "limit=5&limit=6",
        "walet=wal_00000000000000000000000000",
        "status=",
        "status=nope",
        "wallet=nope",
        "cursor=%zz",
        "created_after=2026-01-01T00:00:00",
        "created_after=2026-01-01",
        "created_after=1700000000",
        "created_after=0001-01-01T00:00:00%2B14:00",
        "created_before=9999-12-31T23:59:59-14:00",
        "created_before=2026-13-01T00:00:00Z",
    ],
)
def test_a_query_that_cannot_be_meant_is_refused_by_name(raw: RawClient, query: str) -> None:
    answer = raw.get(f"/v1/payments?{query}")

    assert answer.status == 422
    problem = answer.problem()
    assert problem["code"] == "invalid_request"
    assert [error["pointer"] for error in problem["errors"]] == ["?" + query.partition("=")[0]]


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", "1.0", ""])
def test_every_list_bounds_its_pages(raw: RawClient, people: People, client: Client, limit: str) -> None:
    payer, payee = people.wallet(funds=10), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1, currency="EUR")

    for path in (
        "/v1/payments",
        f"/v1/payments/{payment.id}/events",
        "/v1/wallets",
        f"/v1/wallets/{payer.id}/entries",
    ):
        answer = raw.get(f"{path}?limit={limit}")
        assert (answer.status, answer.problem()["code"]) == (422, "invalid_request")
        assert [error["pointer"] for error in answer.problem()["errors"]] == ["?limit"]
        for fine in ("1", "100"):
            assert set(raw.get(f"{path}?limit={fine}").document()) == {"data", "next_cursor"}


def test_times_in_any_offset_bound_a_list(raw: RawClient, people: People, client: Client) -> None:
    payer, payee = people.wallet(funds=10), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1, currency="EUR")

    def listed(query: str) -> list[Any]:
        document = raw.get(f"/v1/payments?wallet={payer.id}&{query}").document()
        return [found["id"] for found in document["data"]]

    assert listed("created_after=2020-01-01T00:00:00%2B02:00") == [payment.id]
    assert listed("created_before=2020-01-01T00:00:00-08:00") == []


def test_a_cursor_continues_its_own_list_and_no_other(raw: RawClient, people: People, client: Client) -> None:
    payer, payee = people.wallet(funds=10), people.wallet(funds=10)
    payments = [
        client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1, currency="EUR") for _ in range(2)
    ]
    lists = {
        "/v1/payments",
        "/v1/wallets",
        f"/v1/wallets/{payer.id}/entries",
        f"/v1/wallets/{payee.id}/entries",
        f"/v1/payments/{payments[0].id}/events",
    }

    for path in lists:
        cursor = raw.get(f"{path}?limit=1").document()["next_cursor"]
        assert raw.get(f"{path}?cursor={cursor}").status == 200
        for other in lists - {path}:
            answer = raw.get(f"{other}?cursor={cursor}")
            assert (answer.status, answer.problem()["errors"][0]["pointer"]) == (422, "?cursor")


def test_a_conflict_carries_the_id_of_its_request_and_is_replayed_as_it_was(
    raw: RawClient, people: People, client: Client
) -> None:
    payer, payee = people.wallet(funds=100), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=100, currency="EUR")

    for step in ("capture", "void"):
        first = raw.post(f"/v1/payments/{payment.id}/{step}", {}, idempotency_key=step)
        again = raw.post(f"/v1/payments/{payment.id}/{step}", {}, idempotency_key=step)

        assert (first.status, first.problem()["code"]) == (409, "conflict")
        assert first.problem()["request_id"] == first.headers["x-request-id"]
        assert again.headers["idempotent-replayed"] == "true"
        assert again.body == first.body


def test_an_encoded_body_is_refused(raw: RawClient) -> None:
    answer = raw.post("/v1/customers", {"name": "Nobody", "country": "DE"}, **{"Content-Encoding": "gzip"})

    assert answer.status == 415
    assert answer.problem()["code"] == "unsupported_media_type"


@pytest.mark.parametrize(("method", "path"), DIAGNOSTICS)
def test_diagnostics_are_for_operators_and_not_at_the_public_address(
    platform: Platform, method: str, path: str
) -> None:
    credentials = platform.credentials
    for name, url in _replicas(platform).items():
        assert RawClient(url, None).send(method, path).status == 401, name
        assert RawClient(url, credentials.api_key).send(method, path).status == 403, name
        assert RawClient(url, credentials.operator_key).send(method, path).status == 200, name

    assert RawClient(credentials.base_url, credentials.operator_key).send(method, path).status == 404


def test_every_deployment_tells_of_its_health_to_whoever_asks(platform: Platform) -> None:
    for url in platform.credentials.services.values():
        for path in ("/actuator/health", "/actuator/health/liveness", "/actuator/health/readiness"):
            answer = RawClient(url, None).get(path)
            assert (answer.status, answer.document()["status"]) == (200, "UP")


def test_every_deployment_serves_diagnostics_at_its_address(platform: Platform) -> None:
    credentials = platform.credentials
    assert credentials.services[GATEWAY] != credentials.base_url
    for url in credentials.services.values():
        environment = RawClient(url, credentials.operator_key).get("/actuator/env")
        assert environment.status == 200
        for database in credentials.databases.values():
            assert database not in environment.body.decode()


def _replicas(platform: Platform) -> dict[str, str]:
    """Return the own addresses of all replicas."""
    return {
        replica["name"]: f"http://127.0.0.1:{replica['port']}"
        for deployment in platform.status()["deployments"]
        for replica in deployment["replicas"]
    }
