"""Kill -9 of whoever moves money in or out or freezes it, at every point where it waits for something."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec
import pytest

from tests.integration.wallet import killed_driver, killed_freezer
from tests.integration.wallet.conftest import ALL, Bank, visited
from tests.integration.wallet.test_customer_freezes import freeze, half_open, in_compliance, statuses, uuid_of
from tests.integration.wallet.test_movements import becomes, rows_of
from tests.integration.wallet.test_reviews import tell
from tests.support.house import AnyService, House
from tests.support.killing import kill_at_every_suspension
from tests.support.reviewers import Reviewers, approval, refusal
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, WALLET
from waqiti.contracts.ledger import LedgerClient, Transfer, system_account_id
from waqiti.contracts.reviews import ReviewKind, Verdict
from waqiti.foundation.clock import utc_now
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import encode, new_id
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE
from waqiti.services.wallet.domain.movements import FIRST_STEP, Kind, Step
from waqiti.services.wallet.domain.reviews import review_of
from waqiti.services.wallet.service import SERVICE as WALLET_SERVICE

MOST_SUSPENSIONS = 150
MOST_FREEZES = 60
AMOUNT = 7
FUNDS = MOST_SUSPENSIONS * AMOUNT

_INSERT = """
INSERT INTO movements (id, kind, wallet_id, customer_id, amount, currency, rail, reference, status, step, review,
    next_at, created_at, changed_at)
SELECT unnest($1::uuid[]), $2, w.id, w.customer_id, $3, 'EUR', 'sandbox', $4, $5, $6, $7::text::json,
    now(), now(), now()
FROM wallets w WHERE w.id = $8
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("kind", "reference", "ends", "per_movement"),
    [
        ("deposit", None, "settled", AMOUNT),
        ("deposit", "sandbox:lose-answer", "settled", AMOUNT),
        ("withdrawal", None, "settled", -AMOUNT),
        ("withdrawal", "sandbox:fail,duplicate", "failed", 0),
        ("withdrawal", "sandbox:return", "returned", 0),
    ],
)
async def test_a_movement_ends_once_wherever_its_driver_was_killed(
    house: House, kind: Kind, reference: str | None, ends: str, per_movement: int
) -> None:
    async with house.serving(ALL, role="api") as addresses:
        wallet = await visited(house, addresses).wallet(funds=FUNDS)
        movements = await _stored(house, wallet, kind, reference)

        kills = await _kill_drivers(house, addresses, movements)

        assert 10 < kills < MOST_SUSPENSIONS
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        await _all_end(bank, ends)

        balance = FUNDS + per_movement * len(movements)
        assert await bank.balance(wallet) == (balance, 0, balance)
        orders = "SELECT count(*), count(DISTINCT reference) FROM sandbox_rail.orders WHERE amount = 7"
        assert await rows_of(bank, orders) == [(len(movements), len(movements))]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("blocked", "ends"), [(True, "declined"), (False, "settled")])
async def test_a_reviewed_withdrawal_ends_once_wherever_its_driver_was_killed(
    house: House, blocked: bool, ends: str
) -> None:
    async with house.serving(ALL, role="api") as addresses:
        bank = visited(house, addresses)
        wallet = await bank.wallet(funds=FUNDS)
        movements = await _stored(house, wallet, "withdrawal", None, kinds=["no_score"])
        await _hold(house, addresses, wallet, movements)
        assert await bank.balance(wallet) == (FUNDS, FUNDS, 0)
        if blocked:
            await in_compliance(house, "UPDATE customers SET status = 'blocked'")

        kills = await _kill_drivers(house, addresses, movements)

        assert 10 < kills < MOST_SUSPENSIONS
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        await _all_end(bank, ends)

        left = FUNDS if blocked else 0
        assert await bank.balance(wallet) == (left, 0, left)
        orders = "SELECT count(*) FROM sandbox_rail.orders WHERE kind = 'withdrawal'"
        assert await rows_of(bank, orders) == [(0 if blocked else len(movements),)]


@pytest.mark.timeout(180)
async def test_what_was_decided_against_a_withdrawal_stays_so_whatever_speaks_for_it_after_a_kill(house: House) -> None:
    async with house.serving(ALL, role="api") as addresses:
        wallet = await visited(house, addresses).wallet(funds=FUNDS)
        movements = await _stored(house, wallet, "withdrawal", None, kinds=["no_score"])
        await _hold(house, addresses, wallet, movements)
        await in_compliance(house, "UPDATE customers SET status = 'blocked'")
        assert 10 < await _kill_drivers(house, addresses, movements) < MOST_SUSPENSIONS
        await in_compliance(house, "UPDATE customers SET status = 'active'")
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        await rows_of(bank, "UPDATE movements SET leased_until = now() WHERE lease IS NOT NULL RETURNING 1")
        on_the_way = "SELECT count(*) FROM movements WHERE status NOT IN ('settled', 'declined') OR step <> 'done'"
        await becomes(lambda: rows_of(bank, on_the_way), [(0,)])

        against = "SELECT count(*) FROM movements WHERE status = 'declined'"
        (declined,) = (await rows_of(bank, against))[0]
        assert declined > 1
        assert await bank.balance(wallet) == (declined * AMOUNT, 0, declined * AMOUNT)
        orders = "SELECT count(*) FROM sandbox_rail.orders WHERE kind = 'withdrawal'"
        assert await rows_of(bank, orders) == [(len(movements) - declined,)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("verdict", "ends"),
    [
        (None, "in_review"),
        (approval(new_id(), "fraud", "compliance"), "settled"),
        (refusal(new_id(), "compliance"), "declined"),
    ],
)
async def test_a_review_is_filed_and_a_verdict_acted_upon_wherever_the_one_who_did_was_killed(
    house: House, verdict: Verdict | None, ends: str
) -> None:
    reviewers = Reviewers()
    places: list[AnyService] = [LEDGER_SERVICE, WALLET_SERVICE, *reviewers.services()]
    async with house.serving(places, role="api") as addresses:
        wallet = await visited(house, addresses).wallet(funds=FUNDS, customer=encode("cus", new_id()))
        movements = await _stored(house, wallet, "withdrawal", None, kinds=["fraud", "compliance"])
        await _hold(house, addresses, wallet, movements)

        kills = await _kill_drivers(house, addresses, movements, verdict)

        assert 5 < kills < MOST_SUSPENSIONS
        told = movements[: kills + 1] if verdict is not None else []
        for again in [msgspec.structs.replace(verdict, subject_id=movement) for movement in told if verdict]:
            assert (await tell(house, addresses, again)) in {"in_review", "pending", ends}
    async with house.serving(places) as addresses:
        bank = visited(house, addresses)
        await rows_of(bank, "UPDATE movements SET leased_until = now() WHERE lease IS NOT NULL RETURNING 1")
        waiting = "SELECT count(*) FROM movements WHERE amount = 7 AND step = 'review'"
        await becomes(lambda: rows_of(bank, waiting), [(len(movements) - len(told),)])
        done = "SELECT DISTINCT status FROM movements WHERE amount = 7 AND step <> 'review'"
        await becomes(lambda: rows_of(bank, done), [(ends,)] if told else [])

        paid = AMOUNT * len(told) if ends == "settled" else 0
        held = AMOUNT * (len(movements) - len(told))
        assert await bank.balance(wallet) == (FUNDS - paid, held, FUNDS - paid - held)
        for movement in movements[len(told) :]:
            assert reviewers.heard(movement) == ["fraud compliance"]


@pytest.mark.timeout(120)
async def test_a_frozen_wallet_says_who_froze_it_wherever_the_one_who_did_was_killed(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallets = [await bank.wallet(customer=customer) for _ in range(MOST_FREEZES)]
        await bank.deposit(wallets[0], AMOUNT)
        frozen = ("freeze", "all", killed_freezer.REASON, killed_freezer.ACTOR, WALLET)

        kills = await _kill_freezers(house, addresses, "wallet", [uuid_of("wal", wallet) for wallet in wallets])

        assert 5 < kills < MOST_FREEZES
        for wallet, status in zip(wallets, await statuses(bank, *wallets), strict=True):
            assert (status, await bank.flag_changes(wallet)) in (("active", []), ("frozen", [frozen])), wallet
        assert await bank.flag_changes(wallets[kills]) == [frozen]
        assert await bank.balance(wallets[0]) == (AMOUNT, 0, AMOUNT)


@pytest.mark.timeout(120)
async def test_all_that_a_customer_has_is_frozen_once_wherever_the_one_who_froze_was_killed(house: House) -> None:
    async with house.serving(ALL, role="api") as addresses:
        bank = visited(house, addresses)
        customers = [await bank.customer() for _ in range(MOST_FREEZES)]
        wallets = [await bank.wallet(customer=customer) for customer in customers]
        halves = [await half_open(house, customer) for customer in customers]
        await bank.deposit(wallets[0], AMOUNT)

        kills = await _kill_freezers(house, addresses, "customer", [uuid_of("cus", each) for each in customers])

        assert 10 < kills < MOST_FREEZES
        for customer in customers:
            assert (await freeze(house, addresses[WALLET], customer)).frozen == 2
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        await becomes(lambda: rows_of(bank, "SELECT count(*) FROM wallets WHERE opened_at IS NULL"), [(0,)])

        assert set(await statuses(bank, *wallets, *halves)) == {"frozen"}
        assert {len(await bank.flag_changes(wallet)) for wallet in (*wallets, *halves)} == {1}
        assert await bank.balance(wallets[0]) == (AMOUNT, 0, AMOUNT)


@pytest.mark.timeout(120)
async def test_who_is_blocked_is_frozen_wherever_the_worker_of_compliance_was_killed(house: House) -> None:
    async with house.serving(ALL, role="api") as addresses:
        bank = visited(house, addresses)
        customers = [await bank.customer() for _ in range(MOST_FREEZES)]
        wallets = [await bank.wallet(customer=customer) for customer in customers]
        await bank.deposit(wallets[0], AMOUNT)

        await in_compliance(house, "UPDATE customers SET status = 'blocked'")

        kills = await _kill_freezers(house, addresses, "blocked", [uuid_of("cus", each) for each in customers])

        assert 5 < kills < MOST_FREEZES
    await in_compliance(house, "UPDATE freezes SET next_at = now()")
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        waiting = "SELECT count(*) FROM freezes WHERE frozen_at IS NULL"
        await becomes(lambda: in_compliance(house, waiting), [(0,)])

        assert set(await statuses(bank, *wallets[: kills + 1])) == {"frozen"}
        assert {len(await bank.flag_changes(wallet)) for wallet in wallets[: kills + 1]} == {1}
        assert await bank.balance(wallets[0]) == (AMOUNT, 0, AMOUNT)


async def _all_end(bank: Bank, ends: str) -> None:
    await rows_of(bank, "UPDATE movements SET leased_until = now() WHERE lease IS NOT NULL RETURNING 1")
    await becomes(lambda: rows_of(bank, "SELECT DISTINCT status FROM movements WHERE amount = 7"), [(ends,)])


async def _hold(house: House, addresses: dict[str, str], wallet: str, movements: Sequence[UUID]) -> None:
    """Hold the money of withdrawals, as their first step did."""
    client = ServiceClient(LEDGER, addresses[LEDGER], authorization=house.issuer(WALLET).authorization)
    account, rail = uuid_of("wal", wallet), system_account_id("rail", "EUR")
    holds = [
        Transfer(
            id=movement,
            kind="hold",
            purpose="withdrawal",
            debit=account,
            credit=rail,
            amount=AMOUNT,
            currency="EUR",
        )
        for movement in movements
    ]
    assert {result.outcome for result in await LedgerClient(client).post(holds)} == {"held"}
    await client.close()


async def _stored(
    house: House, wallet: str, kind: Kind, reference: str | None, kinds: Sequence[ReviewKind] = ()
) -> list[UUID]:
    """Store movements that nobody drives yet, at their beginning or in review."""
    ids = [new_id() for _ in range(MOST_SUSPENSIONS)]
    step: Step = "file" if kinds else FIRST_STEP[kind]
    status = "in_review" if kinds else "pending"
    review = msgspec.json.encode(review_of(kinds, utc_now())).decode() if kinds else None
    connection = await asyncpg.connect(house.databases[WALLET].admin_url)
    await connection.execute(_INSERT, ids, kind, AMOUNT, reference, status, step, review, uuid_of("wal", wallet))
    await connection.close()
    return ids


async def _kill_drivers(
    house: House, addresses: dict[str, str], movements: Sequence[UUID], verdict: Verdict | None = None
) -> int:
    """Drive the n-th movement, or tell a verdict of it, until the n-th suspension; return how many were killed."""
    urls = {name: addresses[name] for name in (LEDGER, COMPLIANCE, FRAUD)}
    token = house.issuer(WALLET).authorization().decode()
    orders = killed_driver.Orders(house.databases[WALLET].url, urls, token, list(movements), verdict)
    return await kill_at_every_suspension(killed_driver, orders)


async def _kill_freezers(
    house: House, addresses: dict[str, str], what: Literal["wallet", "customer", "blocked"], ids: list[UUID]
) -> int:
    """Freeze the n-th until the n-th suspension; return how many were killed before one came through."""
    who = COMPLIANCE if what == "blocked" else WALLET
    orders = killed_freezer.Orders(
        what=what,
        ids=ids,
        database_url=house.databases[who].url,
        urls={name: addresses[name] for name in (LEDGER, COMPLIANCE, WALLET)},
        authorization=house.issuer(who).authorization().decode(),
    )
    return await kill_at_every_suspension(killed_freezer, orders)
