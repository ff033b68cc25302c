"""Wallets: opened once, read from the ledger, frozen, closed."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.integration.wallet.conftest import ALL, OpenBank, movement, visited
from tests.integration.wallet.test_movements import becomes, rows_of
from tests.support.house import House
from waqiti.contracts.catalog import COMPLIANCE, WALLET
from waqiti.foundation.ids import decode, encode, new_id
from waqiti.services.compliance.service import SERVICE as COMPLIANCE_SERVICE
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE
from waqiti.services.wallet.service import SERVICE as WALLET_SERVICE

REASON = {"reason": "asked by the customer"}


async def test_a_wallet_opens_empty_and_is_found_by_its_customer(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        customer = await bank.customer()
        wallet = await bank.wallet(customer=customer)
        await bank.wallet()

        found = (await bank.wallets.get(f"/v1/wallets/{wallet}")).document()
        listed = (await bank.wallets.get(f"/v1/wallets?customer_id={customer}")).document()

        assert (found["status"], found["currency"], found["customer_id"]) == ("active", "EUR", customer)
        assert found["balance"] == {"posted": 0, "held": 0, "available": 0}
        assert listed == {"data": [found], "next_cursor": None}


async def test_wallets_are_listed_newest_first_page_by_page(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        customer = await bank.customer()
        made = [await bank.wallet(customer=customer, currency=currency) for currency in ("EUR", "USD", "JPY")]

        first = (await bank.wallets.get("/v1/wallets?limit=2")).document()
        second = (await bank.wallets.get(f"/v1/wallets?limit=2&cursor={first['next_cursor']}")).document()

        assert [wallet["id"] for wallet in first["data"] + second["data"]] == made[::-1]
        assert second["next_cursor"] is None


async def test_a_list_of_what_is_no_customer_is_refused(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        answer = await bank.wallets.get("/v1/wallets?customer_id=nobody")

        assert (answer.status, answer.problem()["errors"][0]["pointer"]) == (422, "?customer_id")


async def test_a_wallet_of_a_blocked_customer_opens_frozen_and_what_comes_in_goes_to_suspense(
    open_bank: OpenBank,
) -> None:
    async with open_bank() as bank:
        blocked = await bank.customer("Zorblat Quenvik")

        answer = await bank.wallets.post("/v1/wallets", {"customer_id": blocked, "currency": "EUR"})

        wallet = answer.document()
        assert (answer.status, wallet["status"]) == (201, "frozen")
        assert await bank.flag_changes(wallet["id"]) == [("freeze", "all", f"sanctions {blocked}", COMPLIANCE, WALLET)]
        deposit = await bank.deposit(wallet["id"], 700)
        assert (deposit["status"], deposit["failure"]["code"]) == ("declined", "sanctions_hit")
        assert await bank.balance(wallet["id"]) == (0, 0, 0)
        assert await bank.system_balance("suspense") == 700


async def test_a_key_opens_one_wallet(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        body = {"customer_id": await bank.customer(), "currency": "EUR"}

        first = await bank.wallets.post("/v1/wallets", body, idempotency_key="same")
        again = await bank.wallets.post("/v1/wallets", body, idempotency_key="same")
        other = await bank.wallets.post("/v1/wallets", body | {"currency": "USD"}, idempotency_key="same")

        assert first.status == again.status == 201
        assert again.body == first.body
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        assert (other.status, other.problem()["code"]) == (422, "idempotency_key_reused")
        assert len((await bank.wallets.get("/v1/wallets")).document()["data"]) == 1


async def test_sixteen_equal_requests_at_once_open_one_wallet(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        body = {"customer_id": await bank.customer(), "currency": "EUR"}

        answers = await asyncio.gather(
            *(bank.wallets.post("/v1/wallets", body, idempotency_key="same") for _ in range(16))
        )

        assert {answer.status for answer in answers} <= {201, 409}
        assert len({answer.body for answer in answers if answer.status == 201}) == 1
        assert len((await bank.wallets.get("/v1/wallets")).document()["data"]) == 1


@pytest.mark.parametrize("customer", ["cus_" + "0" * 26, "cus_x", "nobody"])
async def test_nobody_opens_a_wallet_for_an_unknown_customer(open_bank: OpenBank, customer: str) -> None:
    async with open_bank() as bank:
        answer = await bank.wallets.post("/v1/wallets", {"customer_id": customer, "currency": "EUR"})

        assert (answer.status, answer.problem()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"currency": "eur"}, "/currency"),
        ({"currency": "XXX"}, "/currency"),
        ({"currency": 978}, "/currency"),
        ({"surprise": 1}, "/surprise"),
        ({"customer_id": None}, "/customer_id"),
    ],
)
async def test_a_wallet_that_cannot_be_is_refused_by_field(
    open_bank: OpenBank, change: dict[str, object], pointer: str
) -> None:
    async with open_bank() as bank:
        body = {"customer_id": await bank.customer(), "currency": "EUR"} | change

        answer = await bank.wallets.post("/v1/wallets", body)

        assert answer.status == 422
        assert [error["pointer"] for error in answer.problem()["errors"]] == [pointer]


async def test_a_half_opened_wallet_is_finished_by_itself(open_bank: OpenBank, house: House) -> None:
    half = new_id()
    connection = await asyncpg.connect(house.databases[WALLET].admin_url)
    await connection.execute(
        "INSERT INTO wallets (id, customer_id, currency, created_at) VALUES ($1, $2, 'EUR', now() - interval '1 hour')",
        half,
        new_id(),
    )
    await connection.close()
    async with open_bank() as bank:
        path = f"/v1/wallets/{encode('wal', half)}"
        deadline = asyncio.get_running_loop().time() + 15
        while (answer := await bank.wallets.get(path)).status != 200:
            assert asyncio.get_running_loop().time() < deadline, answer
            await asyncio.sleep(0.02)

        assert answer.document()["balance"] == {"posted": 0, "held": 0, "available": 0}


async def test_a_half_that_no_ledger_opens_keeps_no_other_half_from_being_finished(
    open_bank: OpenBank, house: House
) -> None:
    spoiled, good = new_id(), new_id()
    async with house.serving(ALL) as addresses:
        customer = decode("cus", await visited(house, addresses).customer())
    connection = await asyncpg.connect(house.databases[WALLET].admin_url)
    await connection.executemany(
        "INSERT INTO wallets (id, customer_id, currency, created_at) VALUES ($1, $2, $3, now() - $4::interval)",
        [(spoiled, customer, "ZZZ", timedelta(hours=2)), (good, customer, "EUR", timedelta(hours=1))],
    )
    await connection.close()
    async with open_bank() as bank:
        wallet = encode("wal", good)
        await becomes(lambda: bank.status_of(f"/v1/wallets/{wallet}"), 200)

        assert (await bank.deposit(wallet, 70))["status"] == "settled"
        assert await bank.balance(wallet) == (70, 0, 70)
        assert await bank.status_of(f"/v1/wallets/{encode('wal', spoiled)}") == 404
        left_alone = "SELECT id FROM wallets WHERE retry_at > now() + interval '30 seconds'"
        assert await rows_of(bank, left_alone) == [(spoiled,)]


async def test_a_request_that_lost_the_ledger_is_finished_under_the_same_id(house: House) -> None:
    async with house.serving([COMPLIANCE_SERVICE, WALLET_SERVICE]) as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        body = {"customer_id": customer, "currency": "EUR"}
        lost = await bank.wallets.post("/v1/wallets", body, idempotency_key="same")
        assert (lost.status, lost.problem()["code"]) == (503, "dependency_unavailable")
        assert "retry-after" in lost.headers
        assert (await bank.wallets.get("/v1/wallets")).document()["data"] == []
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        answer = await bank.wallets.post("/v1/wallets", body, idempotency_key="same")

        assert answer.status == 201
        assert [wallet["id"] for wallet in (await bank.wallets.get("/v1/wallets")).document()["data"]] == [
            answer.document()["id"]
        ]


async def test_a_freeze_of_debits_lets_money_in_and_not_out(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=1_000)

        frozen = await bank.wallets.post(f"/v1/wallets/{wallet}/freeze", REASON)
        refused = await bank.withdraw(wallet, 100)
        deposited = await bank.deposit(wallet, 50)

        assert (frozen.status, frozen.document()["status"]) == (200, "frozen")
        assert (refused["status"], refused["failure"]["code"]) == ("failed", "wallet_frozen")
        assert deposited["status"] == "settled"
        assert await bank.balance(wallet) == (1_050, 0, 1_050)
        unfrozen = await bank.wallets.post(f"/v1/wallets/{wallet}/unfreeze", REASON)
        assert unfrozen.document()["status"] == "active"
        assert (await bank.withdraw(wallet, 100))["status"] == "settled"


async def test_a_freeze_of_all_sends_deposits_into_suspense(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=1_000)
        await bank.wallets.post(f"/v1/wallets/{wallet}/freeze", REASON | {"scope": "all"})

        refused = await bank.deposit(wallet, 50)

        assert (refused["status"], refused["failure"]["code"]) == ("failed", "wallet_frozen")
        assert await bank.balance(wallet) == (1_000, 0, 1_000)
        assert await bank.system_balance("suspense") == 50


async def test_a_wallet_closes_only_when_it_is_empty(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=10)

        early = await bank.wallets.post(f"/v1/wallets/{wallet}/close", REASON, idempotency_key="early")
        await bank.withdraw(wallet, 10)
        replayed = await bank.wallets.post(f"/v1/wallets/{wallet}/close", REASON, idempotency_key="early")
        closed = await bank.wallets.post(f"/v1/wallets/{wallet}/close", REASON)
        again = await bank.wallets.post(f"/v1/wallets/{wallet}/close", REASON)

        assert (early.status, early.problem()["code"]) == (409, "conflict")
        assert (replayed.status, replayed.body) == (409, early.body)
        assert (replayed.problem()["code"], replayed.headers["idempotent-replayed"]) == ("conflict", "true")
        assert (closed.status, closed.document()["status"]) == (200, "closed")
        assert again.status == 200
        refused = await bank.deposit(wallet, 5)
        assert (refused["status"], refused["failure"]["code"]) == ("failed", "wallet_closed")
        assert await bank.system_balance("suspense") == 5


async def test_a_wallet_with_a_deposit_on_its_way_does_not_close(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()
        waiting = await bank.wallets.post("/v1/deposits", movement(wallet, 5, "sandbox:delay=3600"))
        assert waiting.status == 202

        refused = await bank.wallets.post(f"/v1/wallets/{wallet}/close", REASON)

        assert (refused.status, refused.problem()["code"]) == (409, "conflict")


@pytest.mark.parametrize("reason", ["", "x" * 501, "tab\tand\nline", None])
async def test_a_flag_needs_a_reason_of_plain_text(open_bank: OpenBank, reason: str | None) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()

        answer = await bank.wallets.post(f"/v1/wallets/{wallet}/freeze", {"reason": reason})

        assert answer.status == 422
        assert answer.problem()["errors"][0]["pointer"] == "/reason"
        assert (await bank.wallets.get(f"/v1/wallets/{wallet}")).document()["status"] == "active"


async def test_who_froze_a_wallet_and_why_is_kept_with_the_flag(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()
        await bank.wallets.post(f"/v1/wallets/{wallet}/freeze", REASON | {"scope": "all"})
        await bank.wallets.post(f"/v1/wallets/{wallet}/unfreeze", REASON)

        assert await bank.flag_changes(wallet) == [
            ("freeze", "all", REASON["reason"], "key_api", "wallet-service"),
            ("unfreeze", "debits", REASON["reason"], "key_api", "wallet-service"),
        ]


async def test_the_facts_of_wallets_are_for_services_and_leave_out_the_unknown(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        customer = await bank.customer()
        wallet = decode("wal", await bank.wallet(customer=customer))
        asked = {"ids": [str(wallet), str(new_id())]}

        answer = await bank.internal.post("/internal/wallets/facts", asked)
        public = await bank.wallets.post("/internal/wallets/facts", asked)

        facts = {"id": str(wallet), "customer_id": str(decode("cus", customer)), "currency": "EUR"}
        assert answer.document() == {"wallets": [facts | {"account_id": str(wallet)}]}
        assert public.status == 403


async def test_a_balance_as_of_an_instant_is_what_stood_then(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=700)
        then = datetime.now(UTC)
        await bank.deposit(wallet, 300)
        stamp = then.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        long_ago = (then - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

        past = (await bank.wallets.get(f"/v1/wallets/{wallet}/balance?as_of={stamp}")).document()
        recorded = (await bank.wallets.get(f"/v1/wallets/{wallet}/balance?recorded_as_of={stamp}")).document()
        before = (await bank.wallets.get(f"/v1/wallets/{wallet}/balance?as_of={long_ago}")).document()

        assert (past["posted"], past["held"], past["provisional"]) == (700, None, True)
        assert (recorded["posted"], recorded["held"], recorded["available"]) == (700, 0, 700)
        assert (before["posted"], before["provisional"]) == (0, False)
        assert await bank.balance(wallet) == (1_000, 0, 1_000)


@pytest.mark.parametrize("query", ["as_of=yesterday", "as_of=", "as_of=5", "recorded_as_of=x"])
async def test_an_instant_that_cannot_be_read_is_refused(open_bank: OpenBank, query: str) -> None:
    async with open_bank() as bank:
        answer = await bank.wallets.get(f"/v1/wallets/{await bank.wallet()}/balance?{query}")

        assert answer.status == 422
        assert answer.problem()["errors"][0]["pointer"] == "?" + query.partition("=")[0]


async def test_entries_are_listed_newest_first_page_by_page(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=100)
        await bank.deposit(wallet, 20)
        await bank.deposit(wallet, 3)

        first = (await bank.wallets.get(f"/v1/wallets/{wallet}/entries?limit=2")).document()
        second = (
            await bank.wallets.get(f"/v1/wallets/{wallet}/entries?limit=2&cursor={first['next_cursor']}")
        ).document()

        assert [entry["amount"] for entry in first["data"]] == [3, 20]
        assert [entry["balance"]["posted"] for entry in first["data"]] == [123, 120]
        assert [entry["amount"] for entry in second["data"]] == [100]
        assert second["next_cursor"] is None
        assert {entry["purpose"] for entry in first["data"]} == {"deposit"}


async def test_a_statement_adds_up_from_opening_to_closing(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=100)
        await bank.withdraw(wallet, 30)
        middle = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        await bank.deposit(wallet, 5)
        path = f"/v1/wallets/{wallet}/statement"

        whole = (await bank.wallets.get(path)).document()
        late = (await bank.wallets.get(f"{path}?from={middle}")).document()
        empty = (await bank.wallets.get(f"{path}?from=2020-01-01&to=2020-01-31")).document()
        sheet = await bank.wallets.get(f"{path}?format=csv")

        assert (whole["opening_balance"], whole["closing_balance"]) == (0, 75)
        assert [line["amount"] for line in whole["lines"]] == [100, -30, 5]
        assert [line["balance"] for line in whole["lines"]] == [100, 70, 75]
        assert (late["opening_balance"], late["closing_balance"], len(late["lines"])) == (70, 75, 1)
        assert (empty["opening_balance"], empty["closing_balance"], empty["lines"]) == (0, 0, [])
        assert sheet.headers["content-type"].startswith("text/csv")
        rows = sheet.body.decode().splitlines()
        assert rows[0] == "id,recorded_at,effective_at,kind,purpose,amount,currency,balance"
        assert [row.split(",")[5] for row in rows[1:]] == ["100", "-30", "5"]


@pytest.mark.parametrize("query", ["format=camt053", "format=", "from=x", "from=2026-02-02&to=2026-01-01"])
async def test_a_statement_that_is_not_offered_is_refused(open_bank: OpenBank, query: str) -> None:
    async with open_bank() as bank:
        answer = await bank.wallets.get(f"/v1/wallets/{await bank.wallet()}/statement?{query}")

        assert (answer.status, answer.problem()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("path", ["", "/balance", "/entries", "/statement", "/balance?as_of=2026-01-01"])
@pytest.mark.parametrize("wallet", ["wal_" + "0" * 26, "wal_x", "%00"])
async def test_what_an_unknown_wallet_is_asked_is_not_found(open_bank: OpenBank, wallet: str, path: str) -> None:
    async with open_bank() as bank:
        assert (await bank.wallets.get(f"/v1/wallets/{wallet}{path}")).problem()["code"] == "not_found"


async def test_reads_say_so_when_the_ledger_is_away(house: House) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet(funds=5)
    async with house.serving([COMPLIANCE_SERVICE, WALLET_SERVICE]) as addresses:
        answer = await visited(house, addresses).wallets.get(f"/v1/wallets/{wallet}")

        assert (answer.status, answer.problem()["code"]) == (503, "dependency_unavailable")
    async with house.serving([LEDGER_SERVICE, WALLET_SERVICE]) as addresses:
        alone = house.client(addresses[WALLET])
        assert (await alone.get(f"/v1/wallets/{wallet}")).document()["balance"]["posted"] == 5
