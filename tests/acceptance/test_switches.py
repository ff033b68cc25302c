"""Switches on the shared platform, under traffic: in force everywhere within a second, and always restored."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from tests.support.people import People
from tests.support.platform import Finished, Platform
from tests.support.raw import Answer, RawClient
from tests.support.switching import REASON, switched
from tests.support.traffic import Traffic
from waqiti.client import Client

APPLIED_MS = 1_000
PROCESSES = 2  # of a replica with a worker
WRITTEN = (
    "payment-service",
    "wallet-service",
    "ledger-service",
    "compliance-service",
    "fraud-service",
    "notification-service",
)


def assert_refused(answer: Answer, code: str) -> None:
    assert (answer.status, answer.problem()["code"]) == (503, code), answer
    assert int(answer.headers["retry-after"]) >= 1


def replicas_of(platform: Platform, *services: str) -> set[str]:
    deployments = platform.status()["deployments"]
    return {replica["name"] for row in deployments if row["name"] in services for replica in row["replicas"]}


def order(people: People) -> dict[str, Any]:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    return {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 100, "currency": "EUR"}


def test_read_only_under_traffic_loses_nothing_and_is_in_force_everywhere_within_a_second(
    platform: Platform, client: Client, raw: RawClient, people: People
) -> None:
    body, key = order(people), uuid4().hex
    first = raw.post("/v1/payments", body, idempotency_key=key)
    direct = RawClient(platform.credentials.services["payment-service"], platform.credentials.api_key)

    with Traffic(client) as traffic:
        traffic.wait_for(20)
        with switched(platform, "READ_ONLY_MODE", "on") as document:
            before = len(traffic.accepted)
            assert {replica["name"] for replica in document["replicas"]} == replicas_of(platform, *WRITTEN)
            assert all(replica["applied_ms"] < APPLIED_MS for replica in document["replicas"]), document
            assert document["unreached"] == []
            for asked in (raw, direct):
                assert_refused(asked.post("/v1/payments", body), "read_only")
                again = asked.post("/v1/payments", body, idempotency_key=key)
                assert (again.status, again.document()["id"]) == (201, first.document()["id"])
                assert again.headers["idempotent-replayed"] == "true"
            assert_refused(raw.post("/v1/customers", {"name": "Too Late", "country": "DE"}), "read_only")
            assert raw.get(f"/v1/payments/{first.document()['id']}").status == 200
            assert raw.send("GET", "/health/critical", key=None).status == 200
            assert len(traffic.accepted) <= before + len(traffic.wallets), "only what was under way was accepted"
        traffic.wait_for(20)

    assert traffic.assert_each_ended_once().keys() == {"captured"}


def test_read_only_of_one_service_leaves_the_others_as_they_are(
    platform: Platform, raw: RawClient, people: People
) -> None:
    body = order(people)
    with switched(platform, "READ_ONLY_MODE", "on", service="wallet-service") as document:
        assert {replica["name"] for replica in document["replicas"]} == replicas_of(platform, "wallet-service")
        deposit = {"wallet_id": body["from_wallet"], "amount": 1, "currency": "EUR", "rail": "sandbox"}
        assert_refused(raw.post("/v1/deposits", deposit), "read_only")
        assert raw.post("/v1/payments", body).status == 201


def test_an_emergency_lets_payments_pass_and_nothing_that_can_wait(
    platform: Platform, raw: RawClient, people: People
) -> None:
    body, person = order(people), {"name": "Can Wait", "country": "DE"}
    services = platform.credentials.services
    with switched(platform, "EMERGENCY_MODE", "on"):
        assert raw.post("/v1/payments", body).status == 201
        batch = {"payments": [{"idempotency_key": "a", **body}]}
        for path, sent, service in (
            ("/v1/payments/batch", batch, "payment-service"),
            ("/v1/customers", person, "compliance-service"),
            ("/v1/wallets", {"customer_id": "cus_x", "currency": "EUR"}, "wallet-service"),
            ("/v1/withdrawals", {}, "wallet-service"),
            ("/v1/webhook-endpoints", {}, "notification-service"),
            ("/v1/webhook-endpoints/whe_x/rotate-secret", {}, "notification-service"),
        ):
            assert_refused(raw.post(path, sent), "emergency_mode")
            direct = RawClient(services[service], platform.credentials.api_key)
            assert_refused(direct.post(path, sent), "emergency_mode")
        operator = RawClient(platform.credentials.base_url, platform.credentials.operator_key)
        assert operator.post("/v1/customers", person).status == 201

    assert raw.post("/v1/customers", person).status == 201


def test_maintenance_shows_a_page_and_lets_health_and_operators_pass(platform: Platform, raw: RawClient) -> None:
    with switched(platform, "MAINTENANCE_MODE", "on"):
        assert_refused(raw.get("/v1/payments"), "maintenance")
        page = raw.send("GET", "/docs", None, {"Accept": "text/html"}, key=None)
        assert (page.status, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert raw.send("GET", "/health/critical", key=None).status == 200
        assert public_status(raw)["status"] == "maintenance"
        operator = RawClient(platform.credentials.base_url, platform.credentials.operator_key)
        assert operator.get("/v1/payments").status == 200

    assert raw.get("/v1/payments").status == 200


def test_a_service_that_is_cut_off_takes_nothing_in_and_loses_nothing(
    platform: Platform, raw: RawClient, people: People
) -> None:
    body = order(people)
    services = platform.credentials.services
    direct = RawClient(services["payment-service"], platform.credentials.operator_key)
    anybody = RawClient(services["payment-service"], None)
    accepted = [raw.post("/v1/payments", body, Prefer="wait=0").document()["id"] for _ in range(3)]
    with switched(platform, "ISOLATION_MODE", "on", service="payment-service") as document:
        assert all(replica["applied_ms"] < APPLIED_MS for replica in document["replicas"]), document
        for asked in (raw, direct):
            assert_refused(asked.get(f"/v1/payments/{accepted[0]}"), "isolated")
            assert_refused(asked.post("/v1/payments", body), "isolated")
        assert anybody.get("/actuator/health").status == 200
        assert direct.get("/actuator/env").status == 200
        told = {one["name"]: one["status"] for one in public_status(raw)["capabilities"]}
        assert (told["Payments"], told["Wallets"]) in {("unavailable", "operational"), ("operational", "operational")}
        explained = platform.command("payments", "explain", accepted[0], "--json").document()
        assert explained["payment"]["amount"] == 100, "operators read past it"

    def are_captured() -> bool:
        found = [raw.get(f"/v1/payments/{payment}").document()["status"] for payment in accepted]
        return found == ["captured"] * 3

    until(are_captured)
    assert raw.post("/v1/payments", body).status == 201


def test_each_access_is_a_line_of_the_log_while_it_is_audited(platform: Platform, raw: RawClient) -> None:
    with switched(platform, "SECURITY_AUDIT", "on", service="payment-service"):
        assert raw.get("/v1/payments?limit=1").status == 200
        direct = RawClient(platform.credentials.services["payment-service"], "wk_unknown")
        assert direct.get("/v1/payments").status == 401

        def is_logged() -> bool:
            log = platform.command("cluster", "logs", "payment-service", "--tail", "200").stdout
            found = [json.loads(line[line.index("{") :]) for line in log.splitlines() if '"authentication"' in line]
            return {"granted", "refused"} <= {line["outcome"] for line in found}

        until(is_logged)


def test_the_public_is_told_how_the_platform_is(platform: Platform, raw: RawClient) -> None:
    def is_well() -> bool:
        return bool(public_status(raw)["status"] == "operational")

    until(is_well)
    with switched(platform, "READ_ONLY_MODE", "on", service="payment-service"):
        until(lambda: not is_well())
        told = public_status(raw)
        assert {one["name"]: one["status"] for one in told["capabilities"]} == {
            "Payments": "degraded",
            "Wallets": "operational",
            "Deposits and withdrawals": "operational",
            "API": "operational",
        }
        assert [notice.partition(":")[0] for notice in told["notices"]] == ["Read-only mode"]
        with Client(platform.credentials.base_url, platform.credentials.api_key) as client:
            assert client.status.get().capabilities[0].status == "degraded"
        page = raw.send("GET", "/status", key=None)
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    until(is_well)


def public_status(raw: RawClient) -> Any:
    answer = raw.send("GET", "/status", None, {"Accept": "application/json"}, key=None)
    assert answer.status == 200, answer
    return answer.document()


def test_a_threshold_decides_differently_at_once_and_the_missing_band_is_said(
    platform: Platform, raw: RawClient, people: People
) -> None:
    body = order(people)
    with switched(platform, "FRAUD_THRESHOLD", "0", period="30m") as document:
        assert ["no review band" in note for note in document["notes"]] == [True]
        declined = raw.post("/v1/payments", body).document()
        assert (declined["status"], declined["failure"]["code"]) == ("declined", "fraud_declined")
    with switched(platform, "MANUAL_REVIEW_THRESHOLD", "0") as document:
        assert document["notes"] == []
        assert raw.post("/v1/payments", body).document()["status"] == "in_review"

    assert raw.post("/v1/payments", body).document()["status"] == "captured"


def test_pools_are_resized_under_payments_without_a_failed_request(
    platform: Platform, raw: RawClient, people: People
) -> None:
    operator = RawClient(platform.credentials.services["payment-service"], platform.credentials.operator_key)

    def connections(state: str) -> float:
        path = f"/actuator/metrics/database_pool_connections?tag=state:{state}&tag=pool:payments"
        return float(operator.get(path).document()["measurements"][0]["value"])

    def has(state: str, number: float) -> bool:
        return connections(state) == number

    former, bodies = connections("max"), [order(people) | {"amount": 1} for _ in range(4)]
    statuses: list[int] = []
    stop = threading.Event()

    def are_more_than(number: int) -> bool:
        return len(statuses) > number

    def pay(body: dict[str, Any]) -> None:
        while not stop.is_set():
            statuses.append(raw.post("/v1/payments", body).status)

    with ThreadPoolExecutor(len(bodies)) as payers:
        paying = [payers.submit(pay, body) for body in bodies]
        try:
            for size in (8, 1):
                with switched(platform, "DB_POOL_MAX_SIZE", str(size)):
                    until(partial(has, "max", size * PROCESSES))
                    assert connections("idle") + connections("active") <= size * PROCESSES
                    until(partial(are_more_than, len(statuses) + 20))
        finally:
            stop.set()
    assert [one.exception() for one in paying] == [None] * len(paying)
    assert set(statuses) == {201}
    until(partial(has, "max", former))

    with switched(platform, "DB_POOL_MIN_IDLE", "3", service="payment-service"):
        until(lambda: connections("idle") >= 3 * PROCESSES)


def test_the_log_level_decides_what_each_process_of_a_service_writes(platform: Platform) -> None:
    def lines() -> int:
        return (platform.state / "logs" / "payment-service-1.log").read_text().count('"switch":"DB_POOL_MIN_IDLE"')

    def toggle() -> int:
        before = lines()
        with switched(platform, "DB_POOL_MIN_IDLE", "2", service="payment-service"):
            pass
        return lines() - before

    with switched(platform, "LOG_LEVEL", "warning", service="payment-service"):
        assert toggle() == 0
    assert toggle() == 2 * PROCESSES, "set and unset, by each"


def test_a_switch_lets_go_when_its_time_is_over(platform: Platform, raw: RawClient, people: People) -> None:
    body = order(people)
    with switched(platform, "READ_ONLY_MODE", "on", service="payment-service", period="2s"):
        assert_refused(raw.post("/v1/payments", body), "read_only")
        until(lambda: raw.post("/v1/payments", body).status == 201)


def test_the_first_list_after_an_expiry_knows_who_follows(platform: Platform) -> None:
    with switched(platform, "LOG_LEVEL", "warning", service="ledger-service", period="1s"):
        time.sleep(1.2)
        listed = platform.command("switch", "list", "--json").document()

    assert [row["name"] for row in listed["switches"] if row["unreached"]] == []


def test_the_list_says_who_why_until_when_and_where(platform: Platform) -> None:
    with switched(platform, "LOG_LEVEL", "warning", service="ledger-service", period="1h") as document:
        listed = platform.command("switch", "list", "--json").document()
        shown = platform.command("switch", "list").stdout

    assert listed["revision"] == document["revision"]
    (row,) = [row for row in listed["switches"] if (row["name"], row["service"]) == ("LOG_LEVEL", "ledger-service")]
    assert (row["value"], row["source"], row["reason"]) == ("WARNING", "live", "An acceptance test.")
    assert set(row["replicas"]) == replicas_of(platform, "ledger-service")
    assert row["expires_at"] is not None
    assert "An acceptance test." in shown


def test_every_change_is_audited_and_the_chain_holds(platform: Platform) -> None:
    before = platform.command("audit", "verify", "--json").document()
    with switched(platform, "LOG_LEVEL", "INFO", service="ledger-service"):
        pass
    after = platform.command("audit", "verify", "--json").document()

    assert (before["intact"], after["intact"]) == (True, True)
    assert after["entries"] == before["entries"] + 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["NO_SUCH_MODE", "on"], "No switch is called NO_SUCH_MODE; there are"),
        (["FRAUD_THRESHOLD", "1.5"], "FRAUD_THRESHOLD is a number from 0 to 1, and not '1.5'"),
        (["READ_ONLY_MODE", "on", "--service", "ml-service"], "ml-service does not have the switch"),
        (["READ_ONLY_MODE", "on", "--for", "soon"], "--for wants a period such as"),
    ],
)
def test_wrong_use_is_a_sentence_and_changes_nothing(platform: Platform, arguments: list[str], said: str) -> None:
    before = platform.command("switch", "list", "--json").document()["revision"]

    finished: Finished = platform.command("switch", "set", *arguments, *REASON)

    assert (finished.exit_code, said in finished.stderr) == (2, True), finished
    assert said in json.loads(finished.stdout)["error"]
    assert platform.command("switch", "list", "--json").document()["revision"] == before


def until(holds: Callable[[], bool], timeout_seconds: float = 10) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
