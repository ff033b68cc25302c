"""Safeguarding: what customers are owed lies at the rails, now and at any time before."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.ledger.conftest import OpenLedger
from tests.integration.ledger.test_verify import tamper
from tests.support.house import OPERATOR_KEY, House
from tests.support.ledger_batches import transfer
from tests.support.ledger_desk import FEES, RAIL, LedgerDesk, hold
from waqiti.contracts.ledger import OpenAccount, system_account_id
from waqiti.foundation.clock import rfc3339, utc_now

AT = datetime(2024, 3, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
LIQUIDITY = system_account_id("liquidity", "EUR")


async def check(ledger: LedgerDesk, query: str = "") -> Any:
    """Ask as an operator."""
    answer = await ledger.house.client(ledger.addresses[0], OPERATOR_KEY).get(f"/v1/ledger/safeguarding{query}")
    assert answer.status == 200, answer.body
    return answer.document()


async def liquidity(ledger: LedgerDesk) -> None:
    opened = OpenAccount(id=LIQUIDITY, kind="liquidity", currency="EUR", minimum=-1_000)
    await ledger.ledger.open_accounts([opened])


async def test_customers_are_covered_by_the_rails_whatever_the_platform_earns_and_keeps_apart(
    open_ledger: OpenLedger,
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(), await ledger.wallet()
        await liquidity(ledger)
        await ledger.post(
            transfer(RAIL, payer, 1_000, purpose="deposit", effective_at=AT),
            transfer(RAIL, system_account_id("suspense", "EUR"), 70, purpose="deposit", effective_at=AT + INSTANT),
            transfer(payer, payee, 300),
            transfer(payee, FEES, 3, purpose="fee"),
            transfer(payer, LIQUIDITY, 20, purpose="exchange"),
            hold(payer, RAIL, 100),
        )
        await ledger.wallet(20, currency="JPY")

        now = await check(ledger)
        nothing = {"holds": True, "difference": 0, "uncovered": 0, "overdrawn": 0, "suspense": 0, "fees": 0}
        assert now["holds"]
        assert now["currencies"] == [
            {
                **nothing,
                "currency": "EUR",
                "rail": 1_070,
                "customers": 977,
                "suspense": 70,
                "fees": 3,
                "liquidity": 20,
            },
            {**nothing, "currency": "JPY", "rail": 20, "customers": 20, "liquidity": 0},
        ]
        then = await check(ledger, f"?as_of={rfc3339(AT)}")
        assert then["currencies"] == [
            {**nothing, "currency": "EUR", "rail": 1_000, "customers": 1_000, "liquidity": 0},
        ]
        assert (then["as_of"], then["provisional"], now["provisional"]) == ("2024-03-01T12:00:00Z", False, True)
        assert (await check(ledger, f"?as_of={rfc3339(AT - INSTANT)}"))["currencies"] == []
        assert (await check(ledger, f"?as_of={rfc3339(utc_now())}"))["currencies"] == now["currencies"]


async def test_what_is_owed_beyond_the_rails_is_said_to_the_minor_unit(open_ledger: OpenLedger) -> None:
    """Money that nobody paid in: by an overdrawn wallet, and by liquidity that is not funded."""
    async with open_ledger() as ledger:
        overdrawn, payee = await ledger.wallet(5, minimum=-100), await ledger.wallet(10)
        await liquidity(ledger)
        await ledger.one(transfer(overdrawn, payee, 12))
        (euros,) = (await check(ledger))["currencies"]
        assert (euros["holds"], euros["difference"], euros["uncovered"], euros["overdrawn"]) == (False, 0, 7, 7)

        await ledger.one(transfer(overdrawn, FEES, 7))
        (euros,) = (await check(ledger))["currencies"]
        assert (euros["uncovered"], euros["overdrawn"], euros["fees"]) == (7, 14, 7)

        await ledger.one(transfer(LIQUIDITY, payee, 40, purpose="exchange"))
        (euros,) = (await check(ledger))["currencies"]
        assert (euros["uncovered"], euros["liquidity"], euros["rail"], euros["customers"]) == (47, -40, 15, 62)

        await ledger.one(transfer(RAIL, LIQUIDITY, 47, purpose="deposit"))
        document = await check(ledger)
        assert (document["holds"], document["currencies"][0]["uncovered"]) == (True, 0)


async def test_books_that_do_not_balance_do_not_hold(open_ledger: OpenLedger, house: House) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(100)
        statement = f"UPDATE ledger.accounts SET posted_debits = posted_debits + 30 WHERE id = '{wallet}'"  # noqa: S608
        await tamper(house, statement)

        document = await check(ledger)
        assert (document["holds"], document["currencies"][0]["difference"]) == (False, 30)
        assert (await check(ledger, f"?as_of={rfc3339(utc_now())}"))["holds"], "the entries are whole"

        await tamper(house, statement.replace("+", "-"))


async def test_a_time_that_has_not_come_is_refused_and_so_is_who_is_no_operator(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        operator = ledger.house.client(ledger.addresses[0], OPERATOR_KEY)
        for wrong in ("tomorrow", "2999-01-01", "2024-01-01T00:00:00", "1969-12-31", "0001-01-01T00:00:00%2B23:59"):
            refused = await operator.get(f"/v1/ledger/safeguarding?as_of={wrong}")
            assert (refused.status, refused.problem()["code"]) == (422, "invalid_request"), wrong
        assert (await ledger.house.client(ledger.addresses[0]).get("/v1/ledger/safeguarding")).status == 403
