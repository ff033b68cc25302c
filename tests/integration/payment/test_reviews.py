"""Reviews without a score: screened again before anything is approved, and ended by one step only."""

from typing import Any

import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders, approve, nothing, scored, screened
from tests.support.desk import Desk, until
from waqiti.contracts.catalog import PAYMENT
from waqiti.contracts.fraud import FraudDecision, ScoreRequest
from waqiti.contracts.refusals import REVIEW_EXPIRED
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.events import EventWriter
from waqiti.foundation.ids import decode, new_id
from waqiti.services.payment.domain.steps import SERVICE, Asked
from waqiti.services.payment.usecases.stepping import Stepping

IMPATIENT = {"WAQITI_FRAUD_PATIENCE_SECONDS": "0.3"}


async def unscored(desk: Desk, payer: str, payee: str, amount: int, **fields: Any) -> Any:
    """Pay while fraud-service is away; return the payment in review."""
    desk.deciders.fraud = "away"
    payment = await desk.accept(payer, payee, amount, **fields)
    return await desk.becomes(payment["id"], "in_review")


@pytest.mark.parametrize("capture", ["automatic", "manual"])
@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("customer_blocked", "declined", "sanctions_hit"),
        ("customer_not_active", "failed", "customer_not_active"),
        ("sanctions_hit", "declined", "sanctions_hit"),
    ],
)
async def test_what_compliance_finds_while_the_score_is_missing_refuses_the_payment(
    open_payments: OpenDesk, deciders: Deciders, capture: str, code: str, status: str, shown: str
) -> None:
    async with open_payments(**IMPATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await unscored(desk, payer, payee, 600, capture=capture, fee=6)
        assert (await desk.account(payer)).held == 600

        deciders.screen_again = screened("confirmed", code)
        deciders.fraud = "well"
        refused = await desk.becomes(payment["id"], "declined", "failed", "captured", "authorized")

        assert (refused["status"], refused["failure"]["code"]) == (status, shown)
        assert refused["decision"]["compliance"]["outcome"] == "confirmed"
        assert (await desk.account(payer)).held == 0
        assert (await desk.balances(payer, payee), await desk.fees()) == ((1_000, 0), 0)
        assert await desk.count("clocks") == 0


async def test_of_what_fraud_and_compliance_find_the_first_in_the_order_is_the_reason(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments(**IMPATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await unscored(desk, payer, payee, 600)

        deciders.score = scored("decline", 0.95, "mule_pattern")
        deciders.screen_again = screened("clear", "customer_not_active")
        deciders.fraud = "well"
        refused = await desk.becomes(payment["id"], "declined", "failed")

        assert (refused["status"], refused["failure"]["code"]) == ("failed", "customer_not_active")
        assert refused["decision"]["fraud"]["outcome"] == "decline"
        assert (await desk.account(payer)).held == 0
        assert await desk.balances(payer, payee) == (1_000, 0)


async def test_a_wallet_frozen_meanwhile_is_said_before_a_bad_score(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments(**IMPATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await unscored(desk, payer, payee, 600)
        await desk.set_flags(payer, "freeze")

        deciders.score = scored("decline", 0.95, "mule_pattern")
        deciders.fraud = "well"
        refused = await desk.becomes(payment["id"], "declined", "failed")

        assert (refused["status"], refused["failure"]["code"]) == ("failed", "wallet_frozen")
        assert (await desk.account(payer)).held == 0
        assert await desk.balances(payer, payee) == (1_000, 0)


@pytest.mark.parametrize("capture", ["automatic", "manual"])
async def test_a_good_score_does_not_close_what_compliance_wants_reviewed(
    open_payments: OpenDesk, deciders: Deciders, capture: str
) -> None:
    deciders.screen = screened("possible")
    async with open_payments(**IMPATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await unscored(desk, payer, payee, 600, capture=capture)
        deciders.fraud = "well"

        async def is_scored() -> bool:
            return bool((await desk.payment(payment["id"]))["decision"]["fraud"]["outcome"] == "approve")

        await until("the score is there", is_scored)
        reviewed = await desk.payment(payment["id"])
        assert (reviewed["status"], reviewed["decision"]["compliance"]["outcome"]) == ("in_review", "possible")
        account = await desk.account(payer)
        assert (account.available, account.held) == (400, 600)
        assert await desk.balances(payee) == (0,)
        assert await desk.count("clocks") == 1, "the review still ends by its clock"
        assert (await desk.act(payment["id"], "void")).document()["status"] == "canceled"
        assert await desk.balances(payer, payee) == (1_000, 0)


async def test_nothing_is_approved_while_compliance_is_away(open_payments: OpenDesk, deciders: Deciders) -> None:
    async with open_payments(**IMPATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await unscored(desk, payer, payee, 600)
        calls = 0

        async def count_call() -> None:
            nonlocal calls
            calls += 1

        async def is_called_thrice() -> bool:
            return calls >= 3

        deciders.before_scoring = count_call
        deciders.compliance = "away"
        deciders.fraud = "well"
        await until("it is scored again and again", is_called_thrice)
        assert (await desk.payment(payment["id"]))["status"] == "in_review"
        assert (await desk.account(payer)).held == 600
        deciders.compliance = "well"

        await desk.becomes(payment["id"], "captured")
        assert await desk.balances(payer, payee) == (400, 600)


async def test_a_review_that_no_service_can_digest_is_left_to_a_person_and_others_close(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    def choke(item: ScoreRequest) -> FraudDecision:
        if item.amount == 13:
            raise Problem.invalid("Thirteen is too much.")
        return approve(item)

    async with open_payments(**IMPATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        odd, good = [await unscored(desk, payer, payee, amount) for amount in (13, 14)]
        deciders.score = choke
        deciders.fraud = "well"

        await desk.becomes(good["id"], "captured")

        async def is_left() -> bool:
            return not await desk.sql("SELECT FROM clocks WHERE no_score")

        await until("it is not scored again", is_left)
        assert (await desk.payment(odd["id"]))["status"] == "in_review"
        account = await desk.account(payer)
        assert (account.available, account.held) == (973, 13)
        assert (await desk.act(odd["id"], "void")).document()["status"] == "canceled"
        assert await desk.balances(payer, payee) == (986, 14)


async def test_an_expiry_that_began_while_the_score_was_asked_for_ends_the_review(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments(**IMPATIENT, WAQITI_FINISH_AFTER_SECONDS="0.5") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await unscored(desk, payer, payee, 600, capture="manual")
        identifier = decode("pay", payment["id"])
        assert identifier is not None
        database = await Database.open(desk.house.databases[PAYMENT].url, name="expiry")
        stepping = Stepping(database, EventWriter(database), desk.ledger)

        async def begin_expiry() -> None:
            """Begin as the sweeper does; the process ends before it asks the ledger."""
            deciders.before_scoring = nothing
            expiry = Asked(kind="expire", becomes="declined", failure_code=REVIEW_EXPIRED, actor=SERVICE, own=True)
            async with database.transaction() as connection:
                await stepping.begin(connection, identifier, new_id(), expiry)

        deciders.before_scoring = begin_expiry
        deciders.fraud = "well"
        try:
            declined = await desk.becomes(payment["id"], "declined")
        finally:
            await database.close()

        assert declined["failure"]["code"] == "review_expired"
        assert await desk.transitions(payment["id"]) == ["created", "screening", "in_review", "declined"]
        assert (await desk.account(payer)).held == 0
        assert await desk.balances(payer, payee) == (1_000, 0)
