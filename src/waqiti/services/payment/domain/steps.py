"""Steps after the first one: capture, void, expiry of a hold. Each asks the ledger under an id of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts import payment as contract
from waqiti.contracts import refusals
from waqiti.contracts.catalog import PAYMENT
from waqiti.contracts.ledger import HOLD_RESOLVED, LINKED_REFUSED, Transfer, TransferResult, system_account_id
from waqiti.contracts.payment import Status, StepKind, fee_transfer_id
from waqiti.contracts.reviews import ReviewKind
from waqiti.foundation.errors import Problem
from waqiti.services.payment.domain.fees import captured_fee
from waqiti.services.payment.domain.payments import Facts, Payment, Queued, State
from waqiti.services.payment.domain.states import HELD

StepStatus = Literal["pending", "done", "refused"]

SERVICE: Final = PAYMENT
"""The actor of what this service does by itself."""

ANY_REVIEW: Final[frozenset[ReviewKind]] = frozenset({"fraud", "compliance", "no_score"})

_DONE: Final[dict[StepKind, str]] = {"capture": "captured", "void": "voided", "expire": "expired"}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: when the ledger does it, the payment becomes ``becomes``, with ``failure_code`` where it ends badly.

    ``own`` are those that no client asked for; a capture of these that cannot be ends the payment.
    """

    id: UUID
    payment_id: UUID
    number: int
    kind: StepKind
    amount: int
    becomes: Status
    failure_code: str | None = None
    status: StepStatus = "pending"
    code: str | None = None
    actor: str
    reason: str | None = None
    own: bool
    created_at: datetime


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants done with a hold.

    ``own`` is what no client asked for: a clock, a refusal, the end of a review. ``reviews`` are those in one of which
    the payment must still be; None asks only that its money is held.
    """

    kind: StepKind
    becomes: Status
    amount: int | None = None
    failure_code: str | None = None
    actor: str
    reason: str | None = None
    own: bool = False
    reviews: frozenset[ReviewKind] | None = None


def capture(amount: int | None, actor: str) -> Asked:
    """A client's capture of ``amount``, or of all."""
    return Asked(kind="capture", becomes="captured", amount=amount, actor=actor)


def void(actor: str) -> Asked:
    """A client's void."""
    return Asked(kind="void", becomes="canceled", actor=actor)


def refusal(code: str) -> Asked:
    """This service's own end of a review whose payment is refused by ``code``."""
    return _released(code, actor=SERVICE, reason=refusals.shown(code))


def declined(kind: ReviewKind, actor: str) -> Asked:
    """A person's end of a review: they declined the payment because of ``kind``."""
    code = refusals.SANCTIONS_HIT if kind == "compliance" else refusals.FRAUD_DECLINED
    return _released(code, actor=actor, reason="review_declined")


def approved(actor: str, reason: str, reviews: frozenset[ReviewKind]) -> Asked:
    """The capture of a payment that was in one of ``reviews``, all of which are settled."""
    return Asked(kind="capture", becomes="captured", actor=actor, reason=reason, own=True, reviews=reviews)


def expired(state: State) -> Asked:
    """The end of a hold whose clock has run out."""
    status, code = expiry(state)
    return Asked(
        kind="expire",
        becomes=status,
        failure_code=code,
        actor=SERVICE,
        reason=code or "expired",
        own=True,
        reviews=ANY_REVIEW if state.status == "in_review" else None,
    )


def _released(code: str, *, actor: str, reason: str) -> Asked:
    return Asked(
        kind="void",
        becomes=refusals.status_of(code),
        failure_code=refusals.shown(code),
        actor=actor,
        reason=reason,
        own=True,
        reviews=ANY_REVIEW,
    )


def plan(payment: Payment, step_id: UUID, asked: Asked, deadline_at: datetime | None, now: datetime) -> Step:
    """Return the step that does what is asked.

    Raises:
        Problem: 409 ``conflict`` where the payment's status, its review, its clock or its amount forbid it.
    """
    facts, state = payment.facts, payment.state
    amount = facts.amount if asked.amount is None else asked.amount
    reviewed = asked.own or asked.kind != "capture"
    if state.status not in HELD or not (reviewed or state.status == "authorized"):
        raise Problem.conflict(f"A payment that is {state.status} cannot be {_DONE[asked.kind]}.")
    if asked.reviews is not None and state.review not in asked.reviews:
        raise Problem.conflict("The payment is not in that review any more.")
    if amount > facts.amount:
        raise Problem.conflict(f"Only {facts.amount} minor units were authorized.")
    if asked.kind == "capture" and deadline_at is not None and deadline_at <= now:
        raise Problem.conflict("The authorization has expired.")
    return Step(
        id=step_id,
        payment_id=facts.id,
        number=state.steps + 1,
        kind=asked.kind,
        amount=amount,
        becomes=asked.becomes,
        failure_code=asked.failure_code,
        actor=asked.actor,
        reason=asked.reason,
        own=asked.own,
        created_at=now,
    )


def step_transfer_id(step: Step) -> UUID:
    """Return the id under which the ledger knows a step."""
    return contract.step_transfer_id(step.payment_id, step.kind, step.number)


def transfers(facts: Facts, step: Step) -> list[Transfer]:
    """Return what the ledger is asked, the fee of a capture linked to it."""
    fee = captured_fee(facts.fee, step.amount, facts.amount) if step.kind == "capture" else 0
    main = Transfer(
        id=step_transfer_id(step),
        kind=step.kind,
        purpose="payment",
        debit=facts.from_account,
        credit=facts.to_account,
        amount=step.amount,
        currency=facts.currency,
        target=facts.id,
        linked=fee > 0,
    )
    return [main, fee_transfer(facts, main.id, fee)] if fee else [main]


def fee_transfer(facts: Facts | Queued, transfer_id: UUID, fee: int) -> Transfer:
    """Return the fee out of what the payee receives by ``transfer_id``."""
    return Transfer(
        id=fee_transfer_id(transfer_id),
        kind="post",
        purpose="fee",
        debit=facts.to_account,
        credit=system_account_id("fees", facts.currency),
        amount=fee,
        currency=facts.currency,
    )


def conclude(payment: Payment, step: Step, results: Sequence[TransferResult], now: datetime) -> tuple[Step, State]:
    """Return the step and the state after the ledger's answer; a refused step leaves the state as it was.

    A hold that is resolved already, by none of our steps, was expired by the ledger's own clock: the state follows.
    """
    result = results[0]
    replace = msgspec.structs.replace
    if result.outcome == "refused":
        code = refusal_code(results)
        refused = replace(step, status="refused", code=code)
        return refused, _follow_expiry(payment.state, now) if code == HOLD_RESOLVED else payment.state
    captured = result.amount if result.outcome == "captured" else 0
    state = replace(
        payment.state,
        status=step.becomes,
        captured=captured,
        fee_captured=captured_fee(payment.facts.fee, captured, payment.facts.amount) if captured else 0,
        failure_code=step.failure_code,
        settled_by=result.id if captured else None,
        review=None,
        updated_at=now,
    )
    return replace(step, status="done"), state


def refusal_code(results: Sequence[TransferResult]) -> str:
    """Return why a chain was refused: the code of the item that is to blame."""
    codes = [result.code for result in results if result.code is not None]
    return next((code for code in codes if code != LINKED_REFUSED), LINKED_REFUSED)


def expiry(state: State) -> tuple[Status, str | None]:
    """Return what becomes of a payment whose clock has run out."""
    return ("declined", refusals.REVIEW_EXPIRED) if state.status == "in_review" else ("expired", None)


def _follow_expiry(state: State, now: datetime) -> State:
    status, code = expiry(state)
    return msgspec.structs.replace(state, status=status, failure_code=code, review=None, updated_at=now)
