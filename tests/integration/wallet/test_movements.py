"""Money in and out, whatever the rail and the other services do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest

from tests.integration.wallet.conftest import ALL, Bank, OpenBank, movement, visited
from tests.support.house import House
from waqiti.contracts.catalog import COMPLIANCE, WALLET
from waqiti.foundation.ids import decode, encode, new_id
from waqiti.services.compliance.service import SERVICE as COMPLIANCE_SERVICE
from waqiti.services.fraud.service import SERVICE as FRAUD_SERVICE
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE
from waqiti.services.wallet.service import SERVICE as WALLET_SERVICE

PENDING = frozenset({"pending"})
BALANCE_LIMIT = 20_000_00


async def becomes(read: Callable[[], Awaitable[Any]], wanted: object) -> None:
    """Wait until ``read`` gives ``wanted``, at most 15 s."""
    deadline = time.monotonic() + 15
    while (found := await read()) != wanted:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)


async def test_a_deposit_settles_within_the_request(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()
        started = time.monotonic()

        answer = await bank.wallets.post("/v1/deposits", movement(wallet, 2_500, "Salary"))

        assert time.monotonic() - started < 2
        assert answer.status == 201
        deposit = answer.document()
        assert (deposit["status"], deposit["amount"], deposit["currency"]) == ("settled", 2_500, "EUR")
        assert (deposit["wallet_id"], deposit["rail"], deposit["reference"]) == (wallet, "sandbox", "Salary")
        assert deposit["failure"] is None
        assert (await bank.wallets.get(f"/v1/deposits/{deposit['id']}")).document() == deposit
        assert await bank.balance(wallet) == (2_500, 0, 2_500)
        assert await bank.system_balance("rail") == 2_500


async def test_a_deposit_above_the_balance_limit_waits_in_suspense(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()

        deposit = await bank.deposit(wallet, BALANCE_LIMIT + 1)

        assert (deposit["status"], deposit["failure"]["code"]) == ("declined", "limit_exceeded")
        assert "would hold more" in deposit["failure"]["detail"]
        assert await bank.balance(wallet) == (0, 0, 0)
        assert await bank.system_balance("suspense") == BALANCE_LIMIT + 1
        assert (await bank.deposit(wallet, BALANCE_LIMIT))["status"] == "settled"


async def test_a_delayed_deposit_is_pending_until_the_rail_settles(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()

        answer = await bank.wallets.post("/v1/deposits", movement(wallet, 70, "sandbox:delay=1"))

        assert (answer.status, answer.document()["status"]) == (202, "pending")
        assert await bank.balance(wallet) == (0, 0, 0)
        settled = await bank.wallets.settled(f"/v1/deposits/{answer.document()['id']}")
        assert settled["status"] == "settled"
        assert await bank.balance(wallet) == (70, 0, 70)


@pytest.mark.parametrize(
    "reference", ["sandbox:lose-answer", "sandbox:duplicate", "sandbox:delay=1,lose-answer,duplicate"]
)
async def test_lost_and_doubled_answers_move_the_money_once(open_bank: OpenBank, reference: str) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()

        deposit = await bank.deposit(wallet, 300, reference)
        withdrawal = await bank.withdraw(wallet, 100, reference)

        assert (deposit["status"], withdrawal["status"]) == ("settled", "settled")
        await becomes(lambda: rows_of(bank, "SELECT count(*) FROM sandbox_rail.notices"), [(0,)])
        assert await bank.balance(wallet) == (200, 0, 200)
        assert await rows_of(bank, "SELECT count(*) FROM sandbox_rail.orders") == [(2,)]


async def test_what_the_rail_refuses_moves_nothing(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=500)

        deposit = await bank.deposit(wallet, 300, "sandbox:fail")
        withdrawal = await bank.withdraw(wallet, 100, "sandbox:fail")

        assert (deposit["status"], deposit["failure"]["code"]) == ("failed", "rail_failed")
        assert (withdrawal["status"], withdrawal["failure"]["code"]) == ("failed", "rail_failed")
        assert await bank.balance(wallet) == (500, 0, 500)
        assert await bank.system_balance("suspense") == 0


async def test_a_withdrawal_is_held_while_the_rail_takes_its_time(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=1_000)

        answer = await bank.wallets.post("/v1/withdrawals", movement(wallet, 600, "sandbox:delay=2"))

        assert (answer.status, answer.document()["status"]) == (202, "pending")
        assert await bank.balance(wallet) == (1_000, 600, 400)
        settled = await bank.wallets.settled(f"/v1/withdrawals/{answer.document()['id']}")
        assert settled["status"] == "settled"
        assert await bank.balance(wallet) == (400, 0, 400)
        assert await bank.system_balance("rail") == 400


async def test_a_withdrawal_above_the_funds_fails(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=100)

        answer = await bank.wallets.post("/v1/withdrawals", movement(wallet, 101))

        assert answer.status == 201
        assert (answer.document()["status"], answer.document()["failure"]["code"]) == ("failed", "insufficient_funds")
        assert await bank.balance(wallet) == (100, 0, 100)


async def test_of_twenty_concurrent_withdrawals_from_funds_for_five_exactly_five_pass(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=500)

        done = await asyncio.gather(*(bank.withdraw(wallet, 100) for _ in range(20)))

        assert sorted(withdrawal["status"] for withdrawal in done) == ["failed"] * 15 + ["settled"] * 5
        assert await bank.balance(wallet) == (0, 0, 0)


async def test_sixty_withdrawals_at_once_leave_no_more_than_the_funds_and_all_are_decided(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=50)
        with ThreadPoolExecutor(60) as pool:
            asyncio.get_running_loop().set_default_executor(pool)
            done = await asyncio.gather(*(bank.withdraw(wallet, 1) for _ in range(60)))

            assert sorted(withdrawal["status"] for withdrawal in done) == ["failed"] * 10 + ["settled"] * 50
            assert await bank.balance(wallet) == (0, 0, 0)
            assert await bank.system_balance("rail") == 0


async def test_a_withdrawal_above_the_limit_of_the_tier_is_declined(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=6_000_00)

        withdrawal = await bank.withdraw(wallet, 5_000_01)

        assert (withdrawal["status"], withdrawal["failure"]["code"]) == ("declined", "limit_exceeded")
        assert withdrawal["failure"]["detail"] == "The amount is above the payer's limit for one payment."
        assert await bank.balance(wallet) == (6_000_00, 0, 6_000_00)


@pytest.mark.parametrize("reference", ["sandbox:return", "sandbox:return=1", "sandbox:delay=1,return,duplicate"])
async def test_returned_money_comes_back_by_a_new_transfer(open_bank: OpenBank, reference: str) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=500)
        answer = await bank.wallets.post("/v1/withdrawals", movement(wallet, 200, reference))
        path = f"/v1/withdrawals/{answer.document()['id']}"

        returned = await bank.wallets.settled(path, leaves=frozenset({"pending", "screening", "settled"}))

        assert (returned["status"], returned["failure"]["code"]) == ("returned", "returned")
        assert await bank.balance(wallet) == (500, 0, 500)
        entries = (await bank.wallets.get(f"/v1/wallets/{wallet}/entries")).document()["data"]
        assert [(entry["purpose"], entry["amount"]) for entry in entries if entry["amount"]] == [
            ("return", 200),
            ("withdrawal", -200),
            ("deposit", 500),
        ]


async def test_money_that_comes_back_while_the_ledger_is_away_is_asked_about_until_it_is_booked(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        wallet = await bank.wallet(funds=500)
        withdrawal = await bank.withdraw(wallet, 200, "sandbox:return=2")
        assert withdrawal["status"] == "settled"
    async with house.serving([COMPLIANCE_SERVICE, FRAUD_SERVICE, WALLET_SERVICE]) as addresses:
        alone = visited(house, addresses)
        tried = "SELECT attempts >= 2 FROM movements WHERE kind = 'withdrawal'"
        await becomes(lambda: rows_of(alone, tried), [(True,)])
        heard = "SELECT count(*) FROM sandbox_rail.notices"
        await becomes(lambda: rows_of(alone, heard), [(0,)])
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        path = f"/v1/withdrawals/{withdrawal['id']}"
        returned = await bank.wallets.settled(path, leaves=frozenset({"settled"}))

        assert returned["status"] == "returned"
        assert await bank.balance(wallet) == (500, 0, 500)


async def test_the_books_tell_of_a_return_that_no_withdrawal_knows(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        wallet = await bank.wallet(funds=500)
        withdrawal = await bank.withdraw(wallet, 200, "sandbox:return")
        path = f"/v1/withdrawals/{withdrawal['id']}"
        await bank.wallets.settled(path, leaves=frozenset({"settled"}))
    change = "UPDATE movements SET status = $2, failure_code = $3, failure_detail = $3 WHERE id = $1"
    identifier = decode("wdr", withdrawal["id"])

    await past_the_guards(house, change, identifier, "settled", None)

    with pytest.raises(AssertionError, match=r"0 moved, transfer .* was posted and moved 200"):
        await house.assert_books_balance()
    await past_the_guards(house, change, identifier, "returned", "returned")


async def past_the_guards(house: House, statement: str, *arguments: object) -> None:
    """Change a row as no service may."""
    connection = await asyncpg.connect(house.databases[WALLET].admin_url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(statement, *arguments)
    await connection.close()


async def test_money_returned_to_a_closed_wallet_waits_in_suspense(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=200)
        withdrawal = await bank.withdraw(wallet, 200, "sandbox:return=1")
        closed = await bank.wallets.post(f"/v1/wallets/{wallet}/close", {"reason": "no longer wanted"})
        assert (withdrawal["status"], closed.status) == ("settled", 200)

        path = f"/v1/withdrawals/{withdrawal['id']}"
        returned = await bank.wallets.settled(path, leaves=frozenset({"settled"}))

        assert returned["status"] == "returned"
        assert await bank.system_balance("suspense") == 200
        assert await bank.balance(wallet) == (0, 0, 0)


async def test_a_freeze_between_hold_and_settlement_delays_the_posting_only(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=500)
        answer = await bank.wallets.post("/v1/withdrawals", movement(wallet, 200, "sandbox:delay=1"))
        path, identifier = f"/v1/withdrawals/{answer.document()['id']}", answer.document()["id"]
        await bank.wallets.post(f"/v1/wallets/{wallet}/freeze", {"reason": "asked"})

        stopped = "SELECT count(*) FROM movements WHERE capture_round > 0"
        await becomes(lambda: rows_of(bank, stopped), [(1,)])
        assert (await bank.wallets.get(path)).document()["status"] == "pending"
        assert await bank.balance(wallet) == (500, 200, 300)
        await bank.wallets.post(f"/v1/wallets/{wallet}/unfreeze", {"reason": "asked"})

        assert (await bank.wallets.settled(path))["status"] == "settled"
        assert await bank.balance(wallet) == (300, 0, 300)
        assert await transitions(bank, "wdr", identifier) == ["pending", "settled"]


async def test_a_deposit_waits_for_screening_as_long_as_it_takes(house: House) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet()
    async with house.serving([LEDGER_SERVICE, FRAUD_SERVICE, WALLET_SERVICE]) as addresses:
        alone = house.client(addresses[WALLET])
        answer = await alone.post("/v1/deposits", movement(wallet, 900), idempotency_key="same")
        path = f"/v1/deposits/{answer.document()['id']}"
        await alone.settled(path, leaves=PENDING)
        assert (answer.status, (await alone.get(path)).document()["status"]) == (202, "screening")
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        assert (await bank.wallets.settled(path))["status"] == "settled"
        replay = await bank.wallets.post("/v1/deposits", movement(wallet, 900), idempotency_key="same")
        assert replay.document()["id"] == answer.document()["id"]
        assert replay.headers["idempotent-replayed"] == "true"
        assert await bank.balance(wallet) == (900, 0, 900)


async def test_a_withdrawal_without_a_score_is_held_for_review_and_closes_itself(house: House) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet(funds=500)
    async with house.serving([LEDGER_SERVICE, COMPLIANCE_SERVICE, WALLET_SERVICE]) as addresses:
        alone = visited(house, addresses)
        answer = await alone.wallets.post("/v1/withdrawals", movement(wallet, 200))
        assert answer.status == 202
        path = f"/v1/withdrawals/{answer.document()['id']}"
        await alone.wallets.settled(path, leaves=PENDING)
        await rows_of(alone, "UPDATE movements SET changed_at = now() - interval '11 seconds' RETURNING 1")
        assert (await alone.wallets.settled(path))["status"] == "in_review"
        assert await alone.balance(wallet) == (500, 200, 300)
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        settled = await bank.wallets.settled(path, leaves=frozenset({"in_review", "pending"}))

        assert settled["status"] == "settled"
        assert await bank.balance(wallet) == (300, 0, 300)
        moved = await transitions(bank, "wdr", answer.document()["id"])
        assert moved == ["pending", "screening", "in_review", "pending", "settled"]


async def test_a_withdrawal_that_nobody_screens_for_a_minute_fails(house: House) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet(funds=500)
    async with house.serving([LEDGER_SERVICE, FRAUD_SERVICE, WALLET_SERVICE]) as addresses:
        alone = visited(house, addresses)
        answer = await alone.wallets.post("/v1/withdrawals", movement(wallet, 200))
        path = f"/v1/withdrawals/{answer.document()['id']}"
        await alone.wallets.settled(path, leaves=PENDING)
        await rows_of(alone, "UPDATE movements SET changed_at = now() - interval '61 seconds' RETURNING 1")

        failed = await alone.wallets.settled(path)

        assert (failed["status"], failed["failure"]["code"]) == ("failed", "compliance_unavailable")
        assert await alone.balance(wallet) == (500, 0, 500)


async def test_too_little_money_is_the_reason_even_where_nobody_screened_for_a_minute(house: House) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet(funds=50)
    async with house.serving([LEDGER_SERVICE, FRAUD_SERVICE, WALLET_SERVICE]) as addresses:
        alone = visited(house, addresses)
        answer = await alone.wallets.post("/v1/withdrawals", movement(wallet, 200))
        path = f"/v1/withdrawals/{answer.document()['id']}"
        await alone.wallets.settled(path, leaves=PENDING)
        await rows_of(alone, "UPDATE movements SET changed_at = now() - interval '61 seconds' RETURNING 1")

        failed = await alone.wallets.settled(path)

        assert (failed["status"], failed["failure"]["code"]) == ("failed", "insufficient_funds")
        assert await alone.balance(wallet) == (50, 0, 50)


@pytest.mark.parametrize(
    ("meanwhile", "ends", "code"),
    [
        ("UPDATE customers SET status = 'blocked'", "declined", "sanctions_hit"),
        ("UPDATE customers SET status = 'in_review'", "failed", "customer_not_active"),
        ("UPDATE customers SET name = 'Zorblat Quenvik', screening_version = 'older'", "declined", "sanctions_hit"),
    ],
)
async def test_a_withdrawal_that_was_reviewed_is_screened_again_before_it_goes_on(
    house: House, meanwhile: str, ends: str, code: str
) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet(funds=500)
    path = await held_without_a_score(house, wallet, 200)
    connection = await asyncpg.connect(house.databases[COMPLIANCE].admin_url)
    await connection.execute(meanwhile)
    await connection.close()
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        ended = await bank.wallets.settled(path, leaves=frozenset({"in_review", "pending"}))

        assert (ended["status"], ended["failure"]["code"]) == (ends, code)
        assert await bank.balance(wallet) == (500, 0, 500)
        assert await bank.system_balance("rail") == 500
        assert await rows_of(bank, "SELECT count(*) FROM sandbox_rail.orders WHERE kind = 'withdrawal'") == [(0,)]
        assert await transitions(bank, "wdr", ended["id"]) == ["pending", "screening", "in_review", ends]


async def test_a_wallet_that_was_frozen_during_the_review_pays_nothing_out(house: House) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet(funds=500)
    path = await held_without_a_score(house, wallet, 200)
    async with house.serving([LEDGER_SERVICE, COMPLIANCE_SERVICE, WALLET_SERVICE]) as addresses:
        await visited(house, addresses).wallets.post(f"/v1/wallets/{wallet}/freeze", {"reason": "asked"})
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        ended = await bank.wallets.settled(path, leaves=frozenset({"in_review", "pending"}))

        assert (ended["status"], ended["failure"]["code"]) == ("failed", "wallet_frozen")
        assert await bank.balance(wallet) == (500, 0, 500)
        assert await rows_of(bank, "SELECT count(*) FROM sandbox_rail.orders WHERE kind = 'withdrawal'") == [(0,)]


async def test_an_approved_review_waits_for_compliance_to_screen_again(house: House) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet(funds=500)
    path = await held_without_a_score(house, wallet, 200)
    async with house.serving([LEDGER_SERVICE, FRAUD_SERVICE, WALLET_SERVICE]) as addresses:
        alone = visited(house, addresses)
        asked_again = "SELECT count(*) FROM movements WHERE kind = 'withdrawal' AND step = 'file' AND attempts > 1"
        await becomes(lambda: rows_of(alone, asked_again), [(1,)])
        assert (await alone.wallets.get(path)).document()["status"] == "in_review"
        assert await alone.balance(wallet) == (500, 200, 300)
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        assert (await bank.wallets.settled(path, leaves=frozenset({"in_review", "pending"})))["status"] == "settled"
        assert await bank.balance(wallet) == (300, 0, 300)


async def test_a_lost_ledger_is_asked_again_under_the_same_id(house: House) -> None:
    async with house.serving(ALL) as addresses:
        wallet = await visited(house, addresses).wallet(funds=500)
    async with house.serving([COMPLIANCE_SERVICE, FRAUD_SERVICE, WALLET_SERVICE]) as addresses:
        alone = house.client(addresses[WALLET])
        deposit = (await alone.post("/v1/deposits", movement(wallet, 40))).document()
        withdrawal = (await alone.post("/v1/withdrawals", movement(wallet, 60))).document()
        assert deposit["status"] == withdrawal["status"] == "pending"
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        assert (await bank.wallets.settled(f"/v1/deposits/{deposit['id']}"))["status"] == "settled"
        assert (await bank.wallets.settled(f"/v1/withdrawals/{withdrawal['id']}"))["status"] == "settled"
        assert await bank.balance(wallet) == (480, 0, 480)


async def test_a_replay_gives_the_stored_answer_and_moves_nothing(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()

        first = await bank.wallets.post("/v1/deposits", movement(wallet, 40), idempotency_key="same")
        again = await bank.wallets.post("/v1/deposits", movement(wallet, 40), idempotency_key="same")
        other = await bank.wallets.post("/v1/deposits", movement(wallet, 41), idempotency_key="same")
        elsewhere = await bank.wallets.post("/v1/withdrawals", movement(wallet, 40), idempotency_key="same")

        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["idempotent-replayed"] == "true"
        assert (other.status, other.problem()["code"]) == (422, "idempotency_key_reused")
        assert elsewhere.document()["status"] == "settled"
        assert await bank.balance(wallet) == (0, 0, 0)


async def test_sixteen_equal_deposits_at_once_are_one(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet()

        answers = await asyncio.gather(
            *(bank.wallets.post("/v1/deposits", movement(wallet, 40), idempotency_key="same") for _ in range(16))
        )

        assert {answer.status for answer in answers} <= {201, 202, 409}
        made = {answer.document()["id"] for answer in answers if answer.status != 409}
        assert len(made) == 1
        final = await bank.wallets.settled(f"/v1/deposits/{made.pop()}")
        replay = await bank.wallets.post("/v1/deposits", movement(wallet, 40), idempotency_key="same")
        assert (replay.status, replay.document()) == (201, final)
        assert await bank.balance(wallet) == (40, 0, 40)


@pytest.mark.parametrize("path", ["/v1/deposits", "/v1/withdrawals"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 0),
        ("amount", -1),
        ("amount", 1.5),
        ("amount", "100"),
        ("amount", 10**15 + 1),
        ("currency", "USD"),
        ("currency", "XXX"),
        ("rail", "swift"),
        ("reference", "sandbox:explode"),
        ("reference", 5),
        ("reference", "x" * 141),
        ("surprise", 1),
    ],
)
async def test_a_wrong_field_is_named_and_its_key_stays_free(
    open_bank: OpenBank, path: str, field: str, value: object
) -> None:
    async with open_bank() as bank:
        wallet = await bank.wallet(funds=100)

        wrong = await bank.wallets.post(path, movement(wallet, 10) | {field: value}, idempotency_key="same")

        assert (wrong.status, wrong.problem()["code"]) == (422, "invalid_request")
        assert [error["pointer"] for error in wrong.problem()["errors"]] == [f"/{field}"]
        assert await bank.balance(wallet) == (100, 0, 100)
        right = await bank.wallets.post(path, movement(wallet, 10), idempotency_key="same")
        assert right.document()["status"] == "settled"


@pytest.mark.parametrize("wallet", ["wal_" + "0" * 26, "wal_x", "pay_" + "0" * 26])
async def test_an_unknown_wallet_is_not_found(open_bank: OpenBank, wallet: str) -> None:
    async with open_bank() as bank:
        for path in ("/v1/deposits", "/v1/withdrawals"):
            answer = await bank.wallets.post(path, movement(wallet, 10))

            assert (answer.status, answer.problem()["code"]) == (404, "not_found")


async def test_a_deposit_is_not_read_as_a_withdrawal(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        deposit = decode("dep", (await bank.deposit(await bank.wallet(), 5))["id"])
        assert deposit is not None

        for path in (f"/v1/withdrawals/{encode('wdr', deposit)}", f"/v1/deposits/{encode('dep', new_id())}"):
            assert (await bank.wallets.get(path)).problem()["code"] == "not_found"


async def held_without_a_score(house: House, wallet: str, amount: int) -> str:
    """Ask for a withdrawal while fraud-service is away, wait until it is held for review, and return its path."""
    async with house.serving([LEDGER_SERVICE, COMPLIANCE_SERVICE, WALLET_SERVICE]) as addresses:
        alone = visited(house, addresses)
        answer = await alone.wallets.post("/v1/withdrawals", movement(wallet, amount))
        path = f"/v1/withdrawals/{answer.document()['id']}"
        await alone.wallets.settled(path, leaves=PENDING)
        await rows_of(alone, "UPDATE movements SET changed_at = now() - interval '11 seconds' RETURNING 1")
        assert (await alone.wallets.settled(path))["status"] == "in_review"
        posted, held, _ = await alone.balance(wallet)
        assert held == amount <= posted
    return path


async def rows_of(bank: Bank, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Read wallet-service's database."""
    connection = await asyncpg.connect(bank.house.databases[WALLET].admin_url)
    rows = await connection.fetch(statement, *arguments)
    await connection.close()
    return [tuple(row) for row in rows]


async def transitions(bank: Bank, prefix: str, identifier: str) -> list[str]:
    """Return the statuses that a movement has passed."""
    connection = await asyncpg.connect(bank.house.databases[WALLET].admin_url)
    rows = await connection.fetch(
        "SELECT after FROM movement_transitions WHERE movement_id = $1 ORDER BY number", decode(prefix, identifier)
    )
    await connection.close()
    return [row["after"] for row in rows]
