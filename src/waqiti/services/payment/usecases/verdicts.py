"""What people decided about payments in review: acted upon before the answer, or told again."""

from uuid import UUID

from waqiti.contracts.catalog import COMPLIANCE, LEDGER
from waqiti.contracts.payment import Status
from waqiti.contracts.reviews import Verdict
from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.services.payment.domain import reviews
from waqiti.services.payment.domain import steps as rules
from waqiti.services.payment.domain.payments import Payment, queued
from waqiti.services.payment.domain.steps import Step
from waqiti.services.payment.store import payments, steps
from waqiti.services.payment.usecases.deciding import Deciding, Item, LedgerAway, Refused
from waqiti.services.payment.usecases.reviewing import Reviewing
from waqiti.services.payment.usecases.stepping import Stepping


class Verdicts:
    """Takes verdicts, each as often as it is told."""

    def __init__(self, database: Database, deciding: Deciding, stepping: Stepping, reviewing: Reviewing) -> None:
        self._database = database
        self._deciding = deciding
        self._stepping = stepping
        self._reviewing = reviewing

    async def take(self, verdict: Verdict) -> Status:
        """Act on a verdict and return the payment's status; one that waits for nobody any more stays as it is.

        Raises:
            Problem: 404 where there is no such payment.
            DependencyUnavailable: somebody whose word is needed is away; the verdict is to be told again.
        """
        payment, step = await self._read(verdict.subject_id)
        if payment.state.status != "in_review":
            return payment.state.status
        try:
            await self._act(payment, step, verdict)
        except LedgerAway as error:
            raise _away(LEDGER) from error
        payment, step = await self._read(verdict.subject_id)
        if _is_left(payment, step, verdict):
            raise _away(LEDGER)
        return payment.state.status

    async def _act(self, payment: Payment, step: Step | None, verdict: Verdict) -> None:
        if step is not None:
            await self._stepping.drive(step)
        elif verdict.declined is not None:
            await self._stepping.take(payment.facts.id, rules.declined(verdict.declined, verdict.actor))
        elif payment.state.review in verdict.approved:
            await self._approve(payment, verdict)

    async def _approve(self, payment: Payment, verdict: Verdict) -> None:
        approval = reviews.approval_of(verdict)
        item = Item(payment=queued(payment.facts), text=payment.facts.description)
        try:
            screenings = await self._deciding.screen_parties_again([item])
        except Refused as error:
            raise _away(COMPLIANCE) from error
        if screenings is None:
            raise _away(COMPLIANCE)
        finding = reviews.screened_again(payment.state, screenings[0], approval)
        await self._reviewing.conclude(payment, finding, approval)

    async def _read(self, payment_id: UUID) -> tuple[Payment, Step | None]:
        """Read the step under way first: without one, the payment that is read after it shows what the last one did."""
        async with self._database.connection() as connection:
            step = await steps.pending(connection, payment_id)
            found = await payments.read(connection, [payment_id])
        if not found:
            raise Problem.not_found("There is no such payment.")
        return found[0], step


def _is_left(payment: Payment, step: Step | None, verdict: Verdict) -> bool:
    """Tell whether a payment is still where a verdict was to take it from.

    So it is where a step was under way that was driven instead and refused, or where another one came in between.
    """
    if payment.state.status != "in_review":
        return False
    return step is not None or verdict.declined is not None or payment.state.review in verdict.approved


def _away(service: str) -> DependencyUnavailable:
    return DependencyUnavailable(service, "It cannot be asked now what stands against the payment.")
