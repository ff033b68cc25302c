"""Kill -9 of whoever takes a verdict, at every point where it waits for something."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.integration.payment import killed_teller
from tests.integration.payment.conftest import OpenDesk
from tests.support.casework import approval, refusal, tell, told
from tests.support.deciders import Deciders, scored, screened
from tests.support.desk import Desk
from tests.support.killing import kill_at_every_suspension
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, PAYMENT
from waqiti.contracts.reviews import Verdict

MOST_SUSPENSIONS = 60
AMOUNT = 7
FUNDS = MOST_SUSPENSIONS * AMOUNT


def approved(payment: Any) -> Verdict:
    return approval(payment, "fraud")


def declined(payment: Any) -> Verdict:
    return refusal(payment, "fraud")


@pytest.mark.parametrize(
    ("capture", "verdict", "ends", "paid", "held"),
    [
        ("automatic", approved, "captured", AMOUNT, 0),
        ("manual", approved, "authorized", 0, AMOUNT),
        ("automatic", declined, "declined", 0, 0),
    ],
)
async def test_a_reviewed_payment_ends_once_wherever_the_taker_of_its_verdict_was_killed(
    open_payments: OpenDesk,
    capture: str,
    verdict: Callable[[Any], Verdict],
    ends: str,
    paid: int,
    held: int,
) -> None:
    async with open_payments() as desk:
        payer, payee, payments = await in_review(desk, capture=capture)
        verdicts = [verdict(payment) for payment in payments]

        kills = await kill_tellers(desk, verdicts)

        assert 10 < kills < MOST_SUSPENSIONS
        assert {await tell(desk, again) for again in verdicts} == {ends}, "told again, all of them have ended"
        for payment in payments:
            assert await told(desk, payment) == ["fraud", "over"]
            assert await desk.transitions(payment["id"]) == ["created", "in_review", ends]
        account, count = await desk.account(payer), len(payments)
        assert (account.posted, account.held) == (FUNDS - paid * count, held * count)
        assert await desk.balances(payee) == (paid * count,)


async def test_compliance_is_told_once_of_what_it_has_to_look_at_wherever_the_taker_was_killed(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments() as desk:
        payer, payee, payments = await in_review(desk)
        deciders.screen_again = screened("possible")
        verdicts = [approved(payment) for payment in payments]

        kills = await kill_tellers(desk, verdicts)

        assert 5 < kills < MOST_SUSPENSIONS
        assert {await tell(desk, again) for again in verdicts} == {"in_review"}
        for payment in payments:
            assert await told(desk, payment) == ["fraud", "compliance"]
        assert (await desk.account(payer)).held == len(payments) * AMOUNT
        assert await desk.balances(payee) == (0,)


async def in_review(desk: Desk, **fields: Any) -> tuple[str, str, list[Any]]:
    """Return payer, payee, and as many payments in review as may be needed."""
    desk.deciders.score = scored("review", 0.8, "odd_hour")
    payer, payee = await desk.wallet(FUNDS), await desk.wallet()
    payments = [await desk.accept(payer, payee, AMOUNT, **fields) for _ in range(MOST_SUSPENSIONS)]
    return payer, payee, [await desk.becomes(payment["id"], "in_review") for payment in payments]


async def kill_tellers(desk: Desk, verdicts: Sequence[Verdict]) -> int:
    """Take the n-th verdict until its n-th suspension; return how many takers were killed before one came through."""
    orders = killed_teller.Orders(
        database_url=desk.house.databases[PAYMENT].url,
        urls={name: desk.addresses[name] for name in (LEDGER, COMPLIANCE, FRAUD)},
        authorization=desk.house.issuer(PAYMENT).authorization().decode(),
        verdicts=list(verdicts),
    )
    return await kill_at_every_suspension(killed_teller, orders)
