"""What people decided about a payment in review: told by fraud-service, acted upon before it is answered."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.casework import REVIEWER, approval, casework, refusal, tell, told
from tests.support.deciders import Deciders, approve, scored, screened
from tests.support.desk import Desk, until, uuid_of
from waqiti.contracts.reviews import ReviewKind
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.ids import decode, new_id

AMOUNT = 600
IMPATIENT = {"WAQITI_FRAUD_PATIENCE_SECONDS": "0.3"}


async def in_review(desk: Desk, **fields: Any) -> tuple[str, str, Any]:
    """Return a payer of 1,000, a payee of nothing, and a payment between them that is in review."""
    payer, payee = await desk.wallet(1_000), await desk.wallet()
    payment = await desk.pay(payer, payee, AMOUNT, **fields)
    assert (payment["status"], (await desk.account(payer)).held) == ("in_review", AMOUNT)
    return payer, payee, payment


async def last_event(desk: Desk, payment: Any) -> tuple[str, str, str]:
    """Return status, actor and reason of the last transition."""
    event = (await desk.send("GET", f"/v1/payments/{payment['id']}/events?limit=1")).document()["data"][0]
    return event["status"], event["actor"], event["reason"]


@pytest.fixture
def suspicious(deciders: Deciders) -> Deciders:
    """Deciders that want people to look at the score of every payment."""
    deciders.score = scored("review", 0.8, "odd_hour")
    return deciders


@pytest.mark.usefixtures("suspicious")
async def test_an_approved_payment_is_captured_and_who_approved_it_is_kept(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk, fee=6)

        assert await tell(desk, approval(payment, "fraud")) == "captured"

        captured = await desk.payment(payment["id"])
        assert (captured["status"], captured["amount_captured"]) == ("captured", AMOUNT)
        assert captured["decision"]["fraud"]["outcome"] == "review", "the score stays what it was"
        assert (await desk.balances(payer, payee), await desk.fees()) == ((400, 594), 6)
        assert await last_event(desk, payment) == ("captured", REVIEWER, "review_approved")
        assert await told(desk, payment) == ["fraud", "over"]
        assert await desk.count("clocks") == 0


@pytest.mark.usefixtures("suspicious")
async def test_what_is_due_is_told_with_the_score_and_the_reasons(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.screen = screened("possible")
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk)

        ((kind, due),) = await casework(desk, payment)

        assert (kind, due["kinds"]) == ("review.due", ["fraud", "compliance"])
        assert (due["subject"], due["subject_id"]) == ("payment", str(uuid_of(payment)))
        assert (due["amount"], due["currency"], due["score"]) == (AMOUNT, "EUR", 0.8)
        assert [reason["code"] for reason in due["reasons"]] == ["odd_hour"]
        assert [due["from_wallet"], due["to_wallet"]] == [str(decode("wal", wallet)) for wallet in (payer, payee)]
        assert await tell(desk, approval(payment, "fraud", "compliance")) == "captured"
        assert await desk.balances(payer, payee) == (400, 600)


@pytest.mark.usefixtures("suspicious")
async def test_an_approved_manual_payment_is_authorized_for_seven_days(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk, capture="manual")

        assert await tell(desk, approval(payment, "fraud")) == "authorized"

        (row,) = await desk.sql("SELECT deadline_at FROM clocks WHERE payment_id = $1", uuid_of(payment))
        authorized = await desk.payment(payment["id"])
        since = datetime.fromisoformat(authorized["updated_at"])
        assert row["deadline_at"] == since + timedelta(days=7)
        assert await last_event(desk, payment) == ("authorized", REVIEWER, "review_approved")
        assert await told(desk, payment) == ["fraud", "over"]
        assert (await desk.account(payer)).held == AMOUNT
        assert (await desk.act(payment["id"], "capture", {"amount": 500})).document()["status"] == "captured"
        assert await desk.balances(payer, payee) == (500, 500)


@pytest.mark.parametrize(
    ("kind", "code"), [("fraud", "fraud_declined"), ("no_score", "fraud_declined"), ("compliance", "sanctions_hit")]
)
@pytest.mark.usefixtures("suspicious")
async def test_a_declined_payment_gives_the_money_back(open_payments: OpenDesk, kind: ReviewKind, code: str) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk)

        assert await tell(desk, refusal(payment, kind)) == "declined"

        assert (await desk.payment(payment["id"]))["failure"]["code"] == code
        assert ((await desk.account(payer)).held, await desk.balances(payer, payee)) == (0, (1_000, 0))
        assert await last_event(desk, payment) == ("declined", REVIEWER, "review_declined")
        assert await told(desk, payment) == ["fraud", "over"]


@pytest.mark.parametrize("capture", ["automatic", "manual"])
@pytest.mark.usefixtures("suspicious")
async def test_an_approved_payment_out_of_a_wallet_frozen_meanwhile_fails(
    open_payments: OpenDesk, deciders: Deciders, capture: str
) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk, capture=capture)
        await desk.set_flags(payer, "freeze")
        deciders.screen_again = screened("confirmed", "sanctions_hit")

        assert await tell(desk, approval(payment, "fraud")) == "failed"

        assert (await desk.payment(payment["id"]))["failure"]["code"] == "wallet_frozen"
        assert ((await desk.account(payer)).held, await desk.balances(payer, payee)) == (0, (1_000, 0))
        assert await told(desk, payment) == ["fraud", "over"]


@pytest.mark.usefixtures("suspicious")
async def test_a_hit_that_is_confirmed_by_now_refuses_what_was_approved(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk)
        deciders.screen_again = screened("confirmed", "sanctions_hit")

        assert await tell(desk, approval(payment, "fraud")) == "declined"

        declined = await desk.payment(payment["id"])
        assert declined["failure"]["code"] == "sanctions_hit"
        assert declined["decision"]["compliance"]["outcome"] == "confirmed"
        assert await desk.balances(payer, payee) == (1_000, 0)


@pytest.mark.usefixtures("suspicious")
async def test_a_possible_hit_found_when_it_was_approved_waits_for_compliance(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk)
        (before,) = await desk.sql("SELECT deadline_at FROM clocks")
        deciders.screen_again = screened("possible")

        assert await tell(desk, approval(payment, "fraud")) == "in_review"
        assert await tell(desk, approval(payment, "fraud")) == "in_review", "told again, nothing new is due"

        assert await told(desk, payment) == ["fraud", "compliance"]
        assert await desk.sql("SELECT deadline_at FROM clocks") == [before], "its clock runs on"
        assert (await desk.payment(payment["id"]))["decision"]["fraud"]["outcome"] == "review"
        assert await tell(desk, approval(payment, "fraud", "compliance")) == "captured"
        assert await told(desk, payment) == ["fraud", "compliance", "over"]
        assert await desk.balances(payer, payee) == (400, 600)


async def test_a_possible_hit_that_compliance_has_approved_stands_against_nothing(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    deciders.screen = deciders.screen_again = screened("possible")
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk)

        assert await tell(desk, approval(payment, "compliance")) == "captured"

        assert await told(desk, payment) == ["compliance", "over"]
        assert await desk.balances(payer, payee) == (400, 600)


async def test_a_payment_without_a_score_goes_on_once_a_person_approved_it(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    deciders.fraud = "away"
    async with open_payments(**IMPATIENT) as desk:
        payer, payee, payment = await in_review(desk)

        assert await tell(desk, approval(payment, "no_score")) == "captured"

        ((_, due), _) = await casework(desk, payment)
        assert (due["kinds"], due["score"]) == (["no_score"], None)
        assert await desk.balances(payer, payee) == (400, 600)


async def test_a_score_that_came_meanwhile_is_a_review_of_its_own(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.fraud = "away"
    async with open_payments(**IMPATIENT) as desk:
        payer, payee, payment = await in_review(desk)
        deciders.score = scored("review", 0.8, "odd_hour")
        deciders.fraud = "well"

        async def is_due() -> bool:
            return await told(desk, payment) == ["no_score", "fraud"]

        await until("people are told of the score", is_due)
        (row,) = await desk.sql("SELECT deadline_at FROM clocks WHERE payment_id = $1", uuid_of(payment))
        ends = [datetime.fromisoformat(due["decide_by"]) for _, due in await casework(desk, payment)]
        assert ends == [row["deadline_at"]] * 2, "its clock runs on"
        assert await tell(desk, approval(payment, "no_score")) == "in_review", "nobody has looked at the score"
        assert await tell(desk, approval(payment, "no_score", "fraud")) == "captured"
        assert await told(desk, payment) == ["no_score", "fraud", "over"]
        assert await desk.balances(payer, payee) == (400, 600)


async def test_a_score_that_approves_takes_the_review_out_of_the_queue(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    deciders.fraud = "away"
    async with open_payments(**IMPATIENT) as desk:
        payer, payee, payment = await in_review(desk, capture="manual")
        deciders.score = approve
        deciders.fraud = "well"

        await desk.becomes(payment["id"], "authorized")

        assert await told(desk, payment) == ["no_score", "over"]
        assert await tell(desk, refusal(payment, "no_score")) == "authorized", "it waits for nobody any more"
        assert await told(desk, payment) == ["no_score", "over"]
        assert await desk.balances(payer, payee) == (400, 0)


@pytest.mark.usefixtures("suspicious")
async def test_a_verdict_that_is_told_twice_is_acted_upon_once(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk)
        verdict = approval(payment, "fraud")

        answers = await asyncio.gather(*(tell(desk, verdict) for _ in range(4)), return_exceptions=True)
        assert all(answer == "captured" or isinstance(answer, DependencyUnavailable) for answer in answers), answers

        assert await tell(desk, verdict) == "captured"
        assert await tell(desk, refusal(payment, "fraud")) == "captured", "what is decided stays decided"
        assert await told(desk, payment) == ["fraud", "over"]
        assert await desk.transitions(payment["id"]) == ["created", "in_review", "captured"]
        assert await desk.balances(payer, payee) == (400, 600)


@pytest.mark.parametrize("declines", [False, True])
@pytest.mark.usefixtures("suspicious")
async def test_a_verdict_that_comes_while_a_step_is_under_way_is_told_again(
    open_payments: OpenDesk, declines: bool
) -> None:
    async with open_payments(role="api") as desk:
        payer, payee, payment = await in_review(desk)
        await desk.set_flags(payee, "freeze", "all")
        capture = (
            "INSERT INTO steps (id, payment_id, number, amount, created_at, kind, becomes, actor, own) "
            "VALUES (gen_random_uuid(), $1, 99, $2, now(), 'capture', 'captured', 'key_x', false)"
        )
        await desk.sql(capture, uuid_of(payment), AMOUNT)
        verdict = refusal(payment, "fraud") if declines else approval(payment, "fraud")

        with pytest.raises(DependencyUnavailable):
            await tell(desk, verdict)

        assert (await desk.payment(payment["id"]))["status"] == "in_review"
        assert [row["status"] for row in await desk.sql("SELECT status FROM steps")] == ["refused"]
        await desk.set_flags(payee, "unfreeze")
        assert await tell(desk, verdict) == ("declined" if declines else "captured")
        assert await desk.balances(payer, payee) == ((1_000, 0) if declines else (400, 600))


@pytest.mark.usefixtures("suspicious")
async def test_of_a_void_and_an_approval_at_once_one_counts(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        for _ in range(3):
            payer, payee, payment = await in_review(desk)

            await asyncio.gather(
                desk.act(payment["id"], "void"), tell(desk, approval(payment, "fraud")), return_exceptions=True
            )

            ended = await desk.becomes(payment["id"], "captured", "canceled")
            moved = AMOUNT if ended["status"] == "captured" else 0
            assert await tell(desk, approval(payment, "fraud")) == ended["status"]
            assert await told(desk, payment) == ["fraud", "over"]
            assert await desk.balances(payer, payee) == (1_000 - moved, moved)


@pytest.mark.usefixtures("suspicious")
async def test_an_approval_after_the_clock_has_run_out_changes_nothing(open_payments: OpenDesk) -> None:
    async with open_payments(WAQITI_REVIEW_SECONDS="1") as desk:
        payer, payee, payment = await in_review(desk)
        declined = await desk.becomes(payment["id"], "declined")

        assert declined["failure"]["code"] == "review_expired"
        assert await tell(desk, approval(payment, "fraud")) == "declined"
        assert await told(desk, payment) == ["fraud", "over"]
        assert await desk.balances(payer, payee) == (1_000, 0)


@pytest.mark.usefixtures("suspicious")
async def test_an_approval_between_the_end_of_the_clock_and_the_sweep_is_answered_with_how_it_ended(
    open_payments: OpenDesk,
) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk)
        await desk.sql("UPDATE clocks SET deadline_at = now() WHERE payment_id = $1", uuid_of(payment))
        answers: list[str] = []

        async def is_answered() -> bool:
            with suppress(DependencyUnavailable):
                answers.append(await tell(desk, approval(payment, "fraud")))
            return bool(answers)

        await until("the verdict is answered", is_answered)
        assert answers == ["declined"], "whoever approved it is to hear of that, and not that it waits"
        assert (await desk.payment(payment["id"]))["failure"]["code"] == "review_expired"
        assert await desk.balances(payer, payee) == (1_000, 0)


@pytest.mark.usefixtures("suspicious")
async def test_nothing_is_approved_while_somebody_is_away_who_has_a_say(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments() as desk:
        payer, payee, payment = await in_review(desk)
        deciders.compliance = "away"
        with pytest.raises(DependencyUnavailable):
            await tell(desk, approval(payment, "fraud"))
        deciders.compliance = Problem.invalid("Nobody can be called that.")
        with pytest.raises(DependencyUnavailable):
            await tell(desk, approval(payment, "fraud"))
        assert (await desk.payment(payment["id"]))["status"] == "in_review"

        deciders.compliance = "well"
        deciders.fraud = "away"
        assert await tell(desk, approval(payment, "fraud")) == "captured", "fraud-service is not asked again"
        assert await desk.balances(payer, payee) == (400, 600)


@pytest.mark.usefixtures("suspicious")
async def test_a_client_who_voids_takes_the_review_out_of_the_queue(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        _, _, payment = await in_review(desk)
        assert (await desk.act(payment["id"], "void")).status == 200
        assert await told(desk, payment) == ["fraud", "over"]


async def test_payments_that_are_never_reviewed_are_never_told_of(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        for payment in (await desk.pay(payer, payee, 10), await desk.pay(payer, payee, 10, capture="manual")):
            assert await casework(desk, payment) == []


async def test_only_fraud_service_may_tell_a_verdict_and_only_one_that_makes_sense(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        verdict = {"subject_id": str(new_id()), "outcome": "approve", "approved": ["fraud"], "declined": None}
        verdict |= {"actor": "key_x", "reason": "Why not."}
        path = "/internal/payments/reviewed"
        assert (await desk.send("POST", path, verdict)).status == 403
        visitor = desk.house.internal_client(desk.addresses["payment-service"], "wallet-service")
        assert (await visitor.post(path, verdict)).status == 403
        fraud = desk.house.internal_client(desk.addresses["payment-service"], "fraud-service")
        assert (await fraud.post(path, verdict)).status == 404
        assert (await fraud.post(path, verdict | {"outcome": "decline"})).status == 422
