"""Lists, transitions, batches, states."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.integration.payment.conftest import OpenDesk
from tests.support.desk import Desk, order, uuid_of
from waqiti.contracts.catalog import COMPLIANCE, PAYMENT
from waqiti.contracts.payment import PaymentClient
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import new_id


async def listed(desk: Desk, query: str) -> tuple[list[str], str | None]:
    answer = await desk.send("GET", f"/v1/payments?{query}")
    assert answer.status == 200, answer
    page = answer.document()
    return [payment["id"] for payment in page["data"]], page["next_cursor"]


async def walked(desk: Desk, query: str) -> list[str]:
    found, cursor = await listed(desk, query)
    while cursor is not None:
        more, cursor = await listed(desk, f"{query}&cursor={quote(cursor)}")
        found += more
    return found


async def test_lists_are_newest_first_and_walk_by_cursor(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, third = await desk.wallet(1_000), await desk.wallet(1_000), await desk.wallet()
        between = datetime.now(UTC)
        made = [await desk.pay(payer, payee, 200) for _ in range(3)]
        middle = datetime.now(UTC)
        made += [await desk.pay(payee, payer, 1), *[await desk.pay(payer, payee, 401) for _ in range(2)]]
        other = await desk.pay(payee, third, 5)
        newest_first = [payment["id"] for payment in reversed(made)]

        for limit in (1, 2, 5, 6, 100):
            assert await walked(desk, f"wallet={payer}&limit={limit}") == newest_first, limit
        assert await walked(desk, f"wallet={third}") == [other["id"]]
        assert await walked(desk, "limit=3") == [other["id"], *newest_first]
        assert await walked(desk, f"wallet={payer}&status=failed&limit=1") == newest_first[0:1]
        times = (between, middle, middle + timedelta(hours=1))
        before, half, after = (quote(at.isoformat()) for at in times)
        assert await walked(desk, f"wallet={payer}&created_after={half}") == newest_first[:3]
        assert await walked(desk, f"wallet={payer}&created_before={half}&created_after={before}") == newest_first[3:]
        assert await walked(desk, f"created_after={after}") == []
        for odd in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
            assert len(await walked(desk, f"created_after={odd}")) == (7 if odd.startswith("0") else 0)


async def test_transitions_name_actor_and_reason_and_walk_by_cursor(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.pay(payer, payee, 500)
        await desk.act(payment["id"], "refunds", {"amount": 100, "reason": "Broken"})
        path = f"/v1/payments/{payment['id']}/events"

        events = (await desk.send("GET", path)).document()["data"]
        paged: list[Any] = []
        cursor = ""
        while True:
            page = (await desk.send("GET", f"{path}?limit=1{cursor}")).document()
            paged += page["data"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={quote(page['next_cursor'])}"

        assert paged == events
        assert [(event["status"], event["actor"], event["reason"]) for event in events] == [
            ("partially_refunded", "key_api", "refund"),
            ("captured", "payment-service", None),
            ("created", "key_api", None),
        ]
        assert all(event["id"].startswith("evt_") for event in events)


async def test_a_batch_answers_each_item_by_itself(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, dollars = await desk.wallet(300), await desk.wallet(), await desk.wallet(currency="USD")
        items = [
            {"idempotency_key": "k1", **order(payer, payee, 100)},
            {"idempotency_key": "k2", **order(payer, payee, -1)},
            {"idempotency_key": "k3", **order(payer, "wal_" + "0" * 26, 100)},
            {"idempotency_key": "k1", **order(payer, payee, 100)},
            {"idempotency_key": "k1", **order(payer, payee, 101)},
            {"idempotency_key": "k4", **order(payer, payee, 200)},
            order(payer, payee, 1),
            {"idempotency_key": "k5", **order(payer, dollars, 1)},
            {"idempotency_key": "k6", **order(payer, payee, 1)},
        ]

        first = await desk.send("POST", "/v1/payments/batch", {"payments": items}, Idempotency_Key="batch")
        again = await desk.send("POST", "/v1/payments/batch", {"payments": items}, Idempotency_Key="batch")
        other = await desk.send("POST", "/v1/payments/batch", {"payments": items[:1]}, Idempotency_Key="batch")

        assert (first.status, again.status) == (200, 200)
        results = first.document()["results"]
        assert [result["index"] for result in results] == list(range(9))
        codes = [
            result["problem"]["code"] if "problem" in result else result["payment"]["status"] for result in results
        ]
        assert codes == [
            "captured",
            "invalid_request",
            "not_found",
            "captured",
            "idempotency_key_reused",
            "captured",
            "invalid_request",
            "invalid_request",
            "failed",
        ]
        assert results[1]["problem"]["errors"][0]["pointer"] == "/payments/1/amount"
        assert results[7]["problem"]["errors"][0]["pointer"] == "/payments/7/currency"
        assert results[3]["payment"]["id"] == results[0]["payment"]["id"]
        assert await desk.balances(payer, payee) == (0, 300)
        assert again.headers["idempotent-replayed"] == "true"
        assert [result.get("payment") for result in again.document()["results"]] == [
            result.get("payment") for result in results
        ]
        assert (other.status, other.problem()["code"]) == (422, "idempotency_key_reused")


async def test_a_thousand_payments_in_one_batch_all_end(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        items = [{"idempotency_key": f"k{number}", **order(payer, payee, 1)} for number in range(1_001)]

        refused = await desk.send("POST", "/v1/payments/batch", {"payments": items})
        answer = await desk.send("POST", "/v1/payments/batch", {"payments": items[:1_000]}, Prefer="wait=30")

        assert refused.status == 422
        assert {result["payment"]["status"] for result in answer.document()["results"]} == {"captured"}
        assert await desk.balances(payer, payee) == (0, 1_000)


async def test_other_deployments_read_the_states_of_payments(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()
        payment = await desk.pay(payer, payee, 100)
        issuer = desk.house.issuer(COMPLIANCE)
        caller = ServiceClient(PAYMENT, desk.addresses[PAYMENT], authorization=issuer.authorization)

        states = await PaymentClient(caller).states([uuid_of(payment), new_id()])
        await caller.close()

        assert [(state.id, state.status, state.amount_captured) for state in states] == [
            (uuid_of(payment), "captured", 100)
        ]


async def test_wallets_are_asked_for_once(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(100), await desk.wallet()
        for _ in range(5):
            await desk.pay(payer, payee, 1)
        assert desk.deciders.wallet_calls == 1
