"""Withdrawals that wait for people: all reasons at once, and what becomes of them by what people say."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.integration.wallet.conftest import Bank, movement, visited
from tests.integration.wallet.test_customer_freezes import uuid_of
from tests.integration.wallet.test_movements import PENDING, becomes, rows_of, transitions
from tests.support.deciders import scored, screened
from tests.support.house import House
from tests.support.reviewers import REVIEWER, Reviewers, approval, refusal
from waqiti.contracts.catalog import FRAUD, WALLET
from waqiti.contracts.compliance import ComplianceDecision, ScreeningOutcome, ScreenRequest
from waqiti.contracts.fraud import Reason
from waqiti.contracts.reviews import ReviewDue, ReviewKind, Verdict
from waqiti.contracts.wallet import WalletClient
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import encode, new_id
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE
from waqiti.services.wallet.service import SERVICE as WALLET_SERVICE
from waqiti.services.wallet.usecases import verdicts

FUNDS = 500
AMOUNT = 200
BY_SCORE = scored("review", 0.8, "large")
_RELEASED = """
UPDATE movements SET
    step = 'release', failure_code = 'review_expired', failure_detail = 'Too late.', next_at = now() + interval '1 h'
RETURNING 1
"""


class Place(msgspec.Struct, frozen=True):
    """wallet-service and the ledger, among others who say what a test wants."""

    bank: Bank
    reviewers: Reviewers
    addresses: dict[str, str]

    async def wallet(self) -> str:
        return await self.bank.wallet(funds=FUNDS, customer=encode("cus", new_id()))

    async def withdraw(self, wallet: str, leaves: frozenset[str] = frozenset({"pending", "screening"})) -> Any:
        """Ask for a withdrawal and wait for it to be decided."""
        answer = await self.bank.wallets.post("/v1/withdrawals", movement(wallet, AMOUNT))
        return await self.bank.wallets.settled(f"/v1/withdrawals/{answer.document()['id']}", leaves=leaves)

    async def ended(self, withdrawal: UUID) -> Any:
        """Wait until a withdrawal has ended, and all is told of it."""
        await becomes(lambda: step_of(self, withdrawal), [("done",)])
        return (await self.bank.wallets.get(f"/v1/withdrawals/{encode('wdr', withdrawal)}")).document()

    async def tell(self, verdict: Verdict) -> str:
        return await tell(self.bank.house, self.addresses, verdict)


async def tell(house: House, addresses: dict[str, str], verdict: Verdict) -> str:
    """Tell a verdict as fraud-service does; return the status that wallet-service answers."""
    caller = ServiceClient(WALLET, addresses[WALLET], authorization=house.issuer(FRAUD).authorization)
    try:
        return (await WalletClient(caller).reviewed(verdict)).status
    finally:
        await caller.close()


@asynccontextmanager
async def opened(house: House, reviewers: Reviewers) -> AsyncIterator[Place]:
    async with house.serving([LEDGER_SERVICE, WALLET_SERVICE, *reviewers.services()]) as addresses:
        yield Place(visited(house, addresses), reviewers, addresses)


def named(outcome: ScreeningOutcome) -> Callable[[ScreenRequest], ComplianceDecision]:
    reasons = [Reason("sanctions_possible", "It is looked at.")]
    return lambda item: ComplianceDecision(id=item.id, outcome=outcome, refusals=[], reasons=reasons)


def both() -> Reviewers:
    """Score and screening want a person to look at every withdrawal."""
    reviewers = Reviewers()
    reviewers.score = BY_SCORE
    reviewers.screen = lambda item: (named("possible") if item.kind == "withdrawal" else screened("clear"))(item)
    reviewers.screen_again = named("possible")
    return reviewers


async def test_what_fraud_and_compliance_want_looked_at_is_due_at_once_and_paid_out_when_both_are_approved(
    house: House,
) -> None:
    async with opened(house, both()) as place:
        wallet = await place.wallet()
        held = await place.withdraw(wallet)
        identifier = uuid_of("wdr", held["id"])
        assert (held["status"], await place.bank.balance(wallet)) == ("in_review", (FUNDS, AMOUNT, FUNDS - AMOUNT))
        await becomes(lambda: step_of(place, identifier), [("review",)])
        (due,) = place.reviewers.told
        assert isinstance(due, ReviewDue)
        assert (due.subject, due.kinds, due.score) == ("withdrawal", ["fraud", "compliance"], 0.8)
        assert [reason.code for reason in due.reasons] == ["large", "sanctions_possible"]
        assert (due.from_wallet, due.to_wallet, due.amount) == (uuid_of("wal", wallet), None, AMOUNT)
        rests = "SELECT next_at - now() > interval '71 hours', lease IS NULL FROM movements WHERE kind = 'withdrawal'"
        assert await rows_of(place.bank, rests) == [(True, True)]

        assert await place.tell(approval(identifier, "fraud")) == "in_review"
        assert (await place.bank.wallets.get(f"/v1/withdrawals/{held['id']}")).document()["status"] == "in_review"
        began = time.monotonic()
        verdict = approval(identifier, "fraud", "compliance")
        assert await place.tell(verdict) in {"pending", "settled"}
        ended = await place.ended(identifier)

        assert time.monotonic() - began < 3
        assert ended["status"] == "settled"
        assert [await place.tell(verdict), await place.tell(refusal(identifier, "fraud"))] == ["settled"] * 2
        assert await place.bank.balance(wallet) == (FUNDS - AMOUNT, 0, FUNDS - AMOUNT)
        assert place.reviewers.heard(identifier) == ["fraud compliance", "over"]
        passed = await transitions(place.bank, "wdr", held["id"])
        assert passed == ["pending", "in_review", "in_review", "in_review", "pending", "settled"]
        said = "SELECT reason FROM movement_transitions WHERE actor = $1"
        assert await rows_of(place.bank, said, REVIEWER) == [("review_approved",)] * 2


@pytest.mark.parametrize(
    ("declined", "code"), [("fraud", "fraud_declined"), ("compliance", "sanctions_hit"), ("no_score", "fraud_declined")]
)
async def test_one_that_is_declined_gives_the_money_back(house: House, declined: ReviewKind, code: str) -> None:
    async with opened(house, both()) as place:
        wallet = await place.wallet()
        identifier = uuid_of("wdr", (await place.withdraw(wallet))["id"])

        answers = [await place.tell(refusal(identifier, declined)) for _ in range(2)]
        ended = await place.ended(identifier)

        assert answers == ["declined", "declined"]
        assert (ended["status"], ended["failure"]["code"]) == ("declined", code)
        assert await place.bank.balance(wallet) == (FUNDS, 0, FUNDS)
        assert place.reviewers.heard(identifier)[-1] == "over"
        assert await rows_of(place.bank, "SELECT count(*) FROM sandbox_rail.orders WHERE kind = 'withdrawal'") == [(0,)]


@pytest.mark.parametrize(
    ("refusals", "frozen", "status", "code"),
    [
        (["customer_blocked"], False, "declined", "sanctions_hit"),
        (["customer_not_active"], False, "failed", "customer_not_active"),
        (["sanctions_hit"], True, "failed", "wallet_frozen"),
        (["customer_blocked"], True, "declined", "sanctions_hit"),
    ],
)
async def test_what_is_approved_is_screened_again_and_refused_by_the_first_reason(
    house: House, refusals: Sequence[str], frozen: bool, status: str, code: str
) -> None:
    reviewers = Reviewers()
    reviewers.score, reviewers.screen_again = BY_SCORE, screened("confirmed", *refusals)
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = uuid_of("wdr", (await place.withdraw(wallet))["id"])
        if frozen:
            await place.bank.wallets.post(f"/v1/wallets/{wallet}/freeze", {"reason": "asked"})

        assert await place.tell(approval(identifier, "fraud")) == status

        assert (await place.ended(identifier))["failure"]["code"] == code
        assert await place.bank.balance(wallet) == (FUNDS, 0, FUNDS)


async def test_somebody_who_may_be_meant_by_now_is_looked_at_by_compliance_as_well(house: House) -> None:
    reviewers = Reviewers()
    reviewers.score, reviewers.screen_again = BY_SCORE, named("possible")
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = uuid_of("wdr", (await place.withdraw(wallet))["id"])

        assert await place.tell(approval(identifier, "fraud")) == "in_review"
        assert reviewers.heard(identifier) == ["fraud", "compliance"]
        first, second = [one for one in reviewers.told if isinstance(one, ReviewDue)]
        assert second.at > first.at
        assert await place.bank.balance(wallet) == (FUNDS, AMOUNT, FUNDS - AMOUNT)
        assert await place.tell(approval(identifier, "fraud")) == "in_review"
        await place.tell(approval(identifier, "fraud", "compliance"))

        assert (await place.ended(identifier))["status"] == "settled"
        assert await place.bank.balance(wallet) == (FUNDS - AMOUNT, 0, FUNDS - AMOUNT)


async def test_a_queue_that_is_away_is_told_when_it_is_back_and_the_money_is_held_meanwhile(house: House) -> None:
    reviewers = Reviewers()
    reviewers.score, reviewers.queue = BY_SCORE, "away"
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = uuid_of("wdr", (await place.withdraw(wallet))["id"])
        tried = "SELECT attempts > 1, step FROM movements WHERE id = $1"
        await becomes(lambda: rows_of(place.bank, tried, identifier), [(True, "file")])
        assert await place.bank.balance(wallet) == (FUNDS, AMOUNT, FUNDS - AMOUNT)

        reviewers.queue = "well"
        await becomes(lambda: step_of(place, identifier), [("review",)])

        assert reviewers.heard(identifier) == ["fraud"]
        (due,) = reviewers.told
        since = "SELECT (review->>'at')::timestamptz FROM movements WHERE id = $1"
        assert await rows_of(place.bank, since, identifier) == [(due.at,)]
        await place.tell(approval(identifier, "fraud"))
        assert (await place.ended(identifier))["status"] == "settled"


async def test_a_verdict_about_a_review_whose_filing_was_never_answered_counts(house: House) -> None:
    reviewers = Reviewers()
    reviewers.score, reviewers.queue = BY_SCORE, "hanging"
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        held = await place.withdraw(wallet)
        identifier = uuid_of("wdr", held["id"])
        await becomes(lambda: step_of(place, identifier), [("file",)])
        reviewers.queue = "well"

        assert await place.tell(refusal(identifier, "fraud")) == "declined"

        assert (await place.ended(identifier))["failure"]["code"] == "fraud_declined"
        assert await place.bank.balance(wallet) == (FUNDS, 0, FUNDS)


@pytest.mark.parametrize(
    ("score", "status"),
    [
        (scored("approve", 0.1), "settled"),
        (scored("decline", 0.9), "declined"),
    ],
)
async def test_a_review_without_a_score_closes_itself_when_there_is_one(house: House, score: Any, status: str) -> None:
    reviewers = Reviewers()
    reviewers.fraud = "away"
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = await without_a_score(place, wallet)
        await becomes(lambda: step_of(place, identifier), [("review",)])

        reviewers.score, reviewers.fraud = score, "well"

        assert (await place.ended(identifier))["status"] == status
        assert reviewers.heard(identifier) == ["no_score", "over"]
        left = FUNDS - AMOUNT if status == "settled" else FUNDS
        assert await place.bank.balance(wallet) == (left, 0, left)


async def test_a_score_that_wants_a_person_to_look_takes_the_place_of_none(house: House) -> None:
    reviewers = both()
    reviewers.fraud = "away"
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = await without_a_score(place, wallet)
        await becomes(lambda: step_of(place, identifier), [("review",)])
        reviewers.fraud = "well"
        await becomes(lambda: waits_for(place, identifier), [("review", '["fraud","compliance"]')])

        assert await place.tell(approval(identifier, "no_score", "compliance")) == "in_review"
        await place.tell(approval(identifier, "no_score", "fraud", "compliance"))

        assert (await place.ended(identifier))["status"] == "settled"
        assert reviewers.heard(identifier) == ["no_score compliance", "fraud compliance", "over"]


async def test_what_a_person_says_while_a_score_is_awaited_is_what_counts(house: House) -> None:
    reviewers = Reviewers()
    reviewers.fraud = "away"
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = await without_a_score(place, wallet)
        await becomes(lambda: step_of(place, identifier), [("review",)])
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def hang() -> None:
            asked.set()
            await go_on.wait()

        reviewers.before_scoring, reviewers.fraud = hang, "well"
        await asked.wait()
        status = await place.tell(refusal(identifier, "no_score"))
        go_on.set()

        assert (status, (await place.ended(identifier))["status"]) == ("declined", "declined")
        assert await place.bank.balance(wallet) == (FUNDS, 0, FUNDS)


async def test_an_approval_waits_for_compliance_and_is_acted_upon_when_it_answers(house: House) -> None:
    reviewers = Reviewers()
    reviewers.score = BY_SCORE
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = uuid_of("wdr", (await place.withdraw(wallet))["id"])
        reviewers.compliance = "away"
        assert [await place.tell(approval(identifier, "fraud")) for _ in range(2)] == ["in_review"] * 2
        said = "SELECT count(*) FROM movement_transitions WHERE actor = $1"
        assert await rows_of(place.bank, said, REVIEWER) == [(1,)]

        reviewers.compliance = "well"

        assert (await place.ended(identifier))["status"] == "settled"
        assert await place.bank.balance(wallet) == (FUNDS - AMOUNT, 0, FUNDS - AMOUNT)


async def test_an_approval_that_comes_while_the_money_is_given_back_is_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    log = SimpleNamespace(warning=lambda event, **fields: said.append((event, fields["code"])))
    monkeypatch.setattr(verdicts, "_log", log)
    reviewers = Reviewers()
    reviewers.score = BY_SCORE
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = uuid_of("wdr", (await place.withdraw(wallet))["id"])
        await becomes(lambda: step_of(place, identifier), [("review",)])
        await rows_of(place.bank, _RELEASED)

        assert await place.tell(approval(identifier, "fraud")) == "in_review"
        assert said == [("approval_too_late", "review_expired")]

        await rows_of(place.bank, "UPDATE movements SET next_at = now() RETURNING 1")
        assert (await place.ended(identifier))["failure"]["code"] == "review_expired"
        assert await place.bank.balance(wallet) == (FUNDS, 0, FUNDS)


async def test_nobody_decides_for_three_days_and_the_money_is_given_back(house: House) -> None:
    reviewers = Reviewers()
    reviewers.score = BY_SCORE
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = uuid_of("wdr", (await place.withdraw(wallet))["id"])
        await becomes(lambda: step_of(place, identifier), [("review",)])
        earlier = "UPDATE movements SET changed_at = now() - interval '73 hours', next_at = now() RETURNING 1"
        await rows_of(place.bank, earlier)

        ended = await place.ended(identifier)

        assert (ended["status"], ended["failure"]["code"]) == ("declined", "review_expired")
        assert await place.tell(approval(identifier, "fraud")) == "declined"
        assert reviewers.heard(identifier) == ["fraud", "over"]
        assert await place.bank.balance(wallet) == (FUNDS, 0, FUNDS)


async def test_verdicts_that_come_at_once_end_a_withdrawal_once(house: House) -> None:
    reviewers = Reviewers()
    reviewers.score = BY_SCORE
    async with opened(house, reviewers) as place:
        wallet = await place.wallet()
        identifier = uuid_of("wdr", (await place.withdraw(wallet))["id"])

        await asyncio.gather(*(place.tell(approval(identifier, "fraud")) for _ in range(8)))

        assert (await place.ended(identifier))["status"] == "settled"
        assert await place.bank.balance(wallet) == (FUNDS - AMOUNT, 0, FUNDS - AMOUNT)
        assert await rows_of(place.bank, "SELECT count(*) FROM sandbox_rail.orders WHERE kind = 'withdrawal'") == [(1,)]


async def test_only_fraud_service_tells_verdicts_and_only_about_withdrawals_that_there_are(house: House) -> None:
    async with opened(house, Reviewers()) as place:
        deposit = await place.bank.deposit(await place.wallet(), 1)
        path = "/internal/withdrawals/reviewed"
        reviewing = house.internal_client(place.addresses[WALLET], FRAUD)
        for identifier in (new_id(), uuid_of("dep", deposit["id"])):
            body = msgspec.to_builtins(approval(identifier, "fraud"))
            answer = await reviewing.post(path, body)
            assert (answer.status, answer.problem()["code"]) == (404, "not_found")
            assert (await place.bank.internal.post(path, body)).status == 403
            assert (await place.bank.wallets.post(path, body)).status == 403
        assert (await reviewing.post(path, {"subject_id": "x"})).status == 422


async def without_a_score(place: Place, wallet: str) -> UUID:
    """Ask for a withdrawal while nobody scores, wait until it is held for review, and return its id."""
    held = await place.withdraw(wallet, leaves=PENDING)
    await rows_of(place.bank, "UPDATE movements SET changed_at = now() - interval '11 seconds' RETURNING 1")
    await place.bank.wallets.settled(f"/v1/withdrawals/{held['id']}")
    return uuid_of("wdr", held["id"])


async def step_of(place: Place, withdrawal: UUID) -> list[tuple[Any, ...]]:
    return await rows_of(place.bank, "SELECT step FROM movements WHERE id = $1", withdrawal)


async def waits_for(place: Place, withdrawal: UUID) -> list[tuple[Any, ...]]:
    return await rows_of(place.bank, "SELECT step, review->>'kinds' FROM movements WHERE id = $1", withdrawal)
