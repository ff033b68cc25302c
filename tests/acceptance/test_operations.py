"""operations at its own address: what changed and what was measured, for operators only."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.people import People
from tests.support.platform import Platform
from tests.support.raw import RawClient
from tests.support.switching import switched
from waqiti.client import Client


@pytest.fixture
def operations(platform: Platform) -> RawClient:
    return RawClient(platform.credentials.operations_url, platform.credentials.operator_key)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def total(operations: RawClient, service: str, metric: str) -> float | None:
    """Return what a counter rose by in the last five minutes; None is no data."""
    answer = operations.get(f"/history?service={service}&metric={metric}&since=5m").document()
    if answer.get("type") == "no_data":
        return None
    return float(sum(point["value"] for replica in answer["replicas"] for point in replica["points"]))


@pytest.mark.parametrize("path", ["/changes?since=1h", "/history?service=payment-service&metric=payment_total"])
def test_it_is_for_operators_only(platform: Platform, operations: RawClient, path: str) -> None:
    statuses = [operations.send("GET", path, key=key).status for key in (None, platform.credentials.api_key, "own")]

    assert statuses == [401, 403, 200]


def test_it_is_one_of_the_deployments_and_not_one_that_payments_need(platform: Platform, raw: RawClient) -> None:
    assert platform.credentials.services["operations"] == platform.credentials.operations_url
    assert raw.send("GET", "/operations/health", key=None).document()["components"]["history"] == "UP"
    assert "operations" not in raw.send("GET", "/health/critical", key=None).document()["components"]
    assert raw.get("/changes").status == 404


def test_the_history_has_the_payments_that_were_just_made(
    client: Client, people: People, operations: RawClient
) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    before = total(operations, "payment-service", "payment_success_total") or 0
    for _ in range(3):
        client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=100, currency="EUR")

    until(lambda: (total(operations, "payment-service", "payment_success_total") or 0) >= before + 3)
    assert (total(operations, "api-gateway", "http_requests_total") or 0) >= 3
    assert total(operations, "ledger-service", "payment_total") is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/history?service=no-such-service&metric=x", 404),
        ("/history?metric=x", 422),
        ("/history?service=payment-service&metric=http_requests_total%7Bstatus%3D~%22.*%22%7D", 422),
        ("/history?service=payment-service&metric=x&since=yesterday", 422),
        ("/history?service=payment-service&metric=x&since=400d", 422),
        ("/history?service=payment-service&metric=x&since=1h&until=2020-01-01T00:00:00Z", 422),
        ("/history?service=payment-service&metric=x&step=0s", 422),
        ("/changes?since=1w", 422),
        ("/changes?service=nobody", 404),
    ],
)
def test_what_is_asked_wrongly_is_told(operations: RawClient, path: str, status: int) -> None:
    assert operations.get(path).status == status


def test_a_switch_that_was_just_set_is_a_change(platform: Platform, operations: RawClient) -> None:
    with switched(platform, "LOG_LEVEL", "WARNING", service="ml-service"):
        pass
    finished = platform.command("ops", "changes", "--since", "10m", "--service", "ml-service", "--json")
    document: dict[str, Any] = finished.document()

    back, forth = document["changes"][:2]
    assert (finished.exit_code, document["unreadable"]) == (0, [])
    assert (forth["kind"], forth["from"], forth["to"]) == ("switch", "LOG_LEVEL=INFO", "LOG_LEVEL=WARNING")
    assert (back["from"], back["to"]) == ("LOG_LEVEL=WARNING", "LOG_LEVEL=INFO")
    assert forth["actor"]
    assert {"id", "at", "service", "reason"} <= forth.keys()
    assert operations.get("/changes?since=10m&service=ml-service").document()["changes"] == document["changes"]


def test_the_model_in_force_is_a_change_read_from_its_registry(platform: Platform) -> None:
    found = platform.command("ops", "changes", "--since", "1d", "--json").document()["changes"]

    assert [one["to"] for one in found if one["kind"] == "model" and one["from"] == ""] == ["v1.0.0"]
