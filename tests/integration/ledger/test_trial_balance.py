"""Trial balances: by effective time, down to every account, and summing to zero."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.support.house import OPERATOR_KEY
from tests.support.ledger_batches import FAR_AHEAD, transfer
from tests.support.ledger_desk import FEES, LedgerDesk, capture, hold, void
from waqiti.contracts.ledger import system_account_id
from waqiti.foundation.clock import utc_now
from waqiti.foundation.ids import encode

MARCH = date(2024, 3, 1)
INSTANT = timedelta(microseconds=1)
AT_NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


async def read(ledger: LedgerDesk, query: str, *, expecting: int = 200) -> Any:
    """Ask for a trial balance as an operator."""
    answer = await ledger.house.client(ledger.addresses[0], OPERATOR_KEY).get(f"/v1/ledger/trial-balance{query}")
    assert answer.status == expecting, answer.body
    return answer.document()


async def currencies(ledger: LedgerDesk, day: date) -> dict[str, dict[str, list[int]]]:
    """Return opening, debits, credits and closing by currency and kind, and of ``all``."""
    document = await read(ledger, f"?date={day}")
    assert all(one["balanced"] for one in document["currencies"])
    return {
        one["currency"]: {"all": sums(one)} | {kind["kind"]: sums(kind) for kind in one["kinds"]}
        for one in document["currencies"]
    }


def sums(one: dict[str, Any]) -> list[int]:
    return [one["opening"], one["debits"], one["credits"], one["closing"]]


async def test_a_day_opens_with_what_stood_and_closes_with_what_came_and_went(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(), await ledger.wallet()
        rail = system_account_id("rail", "EUR")
        await ledger.post(
            transfer(rail, payer, 1_000, purpose="deposit", effective_at=AT_NOON - timedelta(days=1)),
            transfer(payer, payee, 300, effective_at=AT_NOON),
            transfer(payee, FEES, 3, effective_at=AT_NOON + timedelta(hours=11, minutes=59)),
            transfer(payee, payer, 50, effective_at=AT_NOON + timedelta(hours=12) - INSTANT),
            transfer(payer, payee, 7, effective_at=AT_NOON + timedelta(hours=12)),
        )
        await ledger.wallet(20, currency="USD")

        found = await currencies(ledger, MARCH)
        assert found == {
            "EUR": {
                "all": [0, 353, 353, 0],
                "fees": [0, 0, 3, 3],
                "rail": [-1_000, 0, 0, -1_000],
                "wallet": [1_000, 353, 350, 997],
            }
        }
        assert (await currencies(ledger, MARCH - timedelta(days=2))) == {}
        assert (await currencies(ledger, MARCH - timedelta(days=1)))["EUR"]["rail"] == [0, 1_000, 0, -1_000]
        assert (await currencies(ledger, MARCH + timedelta(days=1)))["EUR"]["wallet"] == [997, 7, 7, 997]
        today = await currencies(ledger, utc_now().date())
        assert today["EUR"]["wallet"] == [997, 0, 0, 997]
        assert today["USD"] == {"all": [0, 20, 20, 0], "rail": [0, 20, 0, -20], "wallet": [0, 0, 20, 20]}


async def test_holds_count_once_they_are_captured(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        captured, voided = hold(payer, payee, 30, expires_at=FAR_AHEAD), hold(payer, payee, 40)
        await ledger.post(captured, voided, hold(payer, payee, 5))
        assert (await currencies(ledger, utc_now().date()))["EUR"]["wallet"] == [0, 0, 100, 100]

        await ledger.post(capture(captured, 25), void(voided))

        assert (await currencies(ledger, utc_now().date()))["EUR"]["wallet"] == [0, 25, 125, 100]


async def test_accounts_add_up_to_their_kinds_page_by_page(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallets = [await ledger.wallet(amount) for amount in (1, 2, 3, 4, 5)]
        empty, other = await ledger.wallet(), await ledger.wallet(9, currency="USD")
        await ledger.one(transfer(wallets[4], wallets[0], 5, effective_at=AT_NOON))
        today = utc_now().date()

        found: list[Any] = []
        cursor = ""
        while True:
            page = await read(ledger, f"/accounts?date={today}&currency=EUR&limit=3{cursor}")
            found += page["data"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"

        names = [encode("wal", wallet) for wallet in wallets]
        assert [one["account"] for one in found] == [*names[::-1], "rail"]
        assert encode("wal", empty) not in {one["account"] for one in found}
        assert [sums(one) for one in found] == [
            [-5, 0, 5, 0],
            [0, 0, 4, 4],
            [0, 0, 3, 3],
            [0, 0, 2, 2],
            [5, 0, 1, 6],
            [0, 15, 0, -15],
        ]
        assert all(one["currency"] == "EUR" for one in found)
        dollars = (await read(ledger, f"/accounts?date={today}&currency=USD"))["data"]
        assert [(one["account"], one["closing"]) for one in dollars] == [(encode("wal", other), 9), ("rail", -9)]
        back = (await read(ledger, f"/accounts?date={MARCH}"))["data"]
        assert [sums(one) for one in back] == [[0, 5, 0, -5], [0, 0, 5, 5]]


async def test_what_is_no_day_of_the_books_is_refused_and_so_is_who_is_no_operator(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        tomorrow = utc_now().date() + timedelta(days=1)
        for path in ("", "/accounts"):
            for query in (
                "",
                "?date=yesterday",
                "?date=2024-02-30",
                "?date=20240301",
                "?date=1969-12-31",
                f"?date={tomorrow}",
                f"?date={MARCH}&currency=EURO",
                f"?date={MARCH}&currency=eur",
                f"?date={MARCH}&day=1",
            ):
                assert (await read(ledger, path + query, expecting=422))["code"] == "invalid_request"
        visitor = ledger.house.client(ledger.addresses[0])
        for path in ("trial-balance", "trial-balance/accounts"):
            refused = await visitor.get(f"/v1/ledger/{path}?date={MARCH}")
            assert (refused.status, refused.problem()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("ago", "provisional"), [(0, True), (2, False)])
async def test_a_day_that_has_not_ended_is_provisional(open_ledger: OpenLedger, ago: int, provisional: bool) -> None:
    async with open_ledger() as ledger:
        document = await read(ledger, f"?date={utc_now().date() - timedelta(days=ago)}")
        assert (document["provisional"], document["closed"], document["currencies"]) == (provisional, False, [])
