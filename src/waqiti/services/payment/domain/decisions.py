"""From two decisions and the ledger's answer to what becomes of a payment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts import refusals
from waqiti.contracts.compliance import ComplianceDecision, ScreeningOutcome
from waqiti.contracts.fraud import FraudDecision, Reason
from waqiti.contracts.ledger import Account, Transfer, TransferResult
from waqiti.contracts.payment import CompliancePart, Decision, FraudPart, Status
from waqiti.contracts.reviews import ReviewKind
from waqiti.services.payment.domain.payments import Queued
from waqiti.services.payment.domain.states import may_become
from waqiti.services.payment.domain.steps import fee_transfer, refusal_code

BACKSTOP: Final = timedelta(days=1)
"""How much later than our own clock the ledger's time-out of a hold runs out."""


class Clocks(msgspec.Struct, frozen=True):
    """How long a review and an authorization last."""

    review: timedelta
    authorization: timedelta


class Screened(msgspec.Struct, frozen=True, kw_only=True):
    """What others said about a payment; None where a service stayed away for longer than we wait."""

    fraud: FraudDecision | None
    compliance: ComplianceDecision | None
    given_up: bool = False

    @property
    def refusals(self) -> tuple[str, ...]:
        """All reasons against the payment."""
        if self.given_up:
            return (refusals.GIVEN_UP,)
        found = [] if self.compliance is None else list(self.compliance.refusals)
        if self.compliance is None:
            found.append(refusals.COMPLIANCE_UNAVAILABLE)
        if self.fraud is not None and self.fraud.outcome == "decline":
            found.append(refusals.FRAUD_DECLINED)
        return tuple(found)

    @property
    def reviews(self) -> tuple[ReviewKind, ...]:
        """Why somebody has to look at it first; all of them must be settled before it is approved."""
        found: list[ReviewKind] = []
        if self.fraud is None:
            found.append("no_score")
        elif self.fraud.outcome == "review":
            found.append("fraud")
        if self.compliance is not None and self.compliance.outcome == "possible":
            found.append("compliance")
        return tuple(found)

    @property
    def review(self) -> ReviewKind | None:
        """The first of ``reviews``, if there are any."""
        return next(iter(self.reviews), None)


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a payment that was waiting."""

    payment: Queued
    status: Status
    captured: int = 0
    fee_captured: int = 0
    failure_code: str | None = None
    reviews: tuple[ReviewKind, ...] = ()
    settled_by: UUID | None = None
    decision: Decision
    deadline_at: datetime | None = None

    @property
    def review(self) -> ReviewKind | None:
        """The first of ``reviews``, if there are any."""
        return next(iter(self.reviews), None)


def first_step(payment: Queued, screened: Screened, clocks: Clocks, now: datetime) -> list[Transfer]:
    """Return what the ledger is asked, always under the payment's own id: post, hold or refuse.

    A refused one is a post or hold that carries its reasons, so that the ledger can put its own before them.
    """
    reasons = screened.refusals
    if screened.given_up:
        return [_transfer(payment, "refuse", reasons)]
    limit = None if screened.compliance is None else screened.compliance.max_credit_balance
    if payment.manual or (screened.review is not None and not reasons):
        expires_at = now + _hold_period(payment, screened, clocks) + BACKSTOP
        return [_transfer(payment, "hold", reasons, limit, expires_at=expires_at)]
    with_fee = payment.fee > 0 and not reasons
    main = _transfer(payment, "post", reasons, limit, linked=with_fee)
    return [main, fee_transfer(payment, payment.payment_id, payment.fee)] if with_fee else [main]


def conclude(
    payment: Queued, screened: Screened, results: Sequence[TransferResult], clocks: Clocks, now: datetime
) -> Conclusion:
    """Return what the ledger's stored outcome makes of the payment, whatever was asked."""
    result = results[0]
    decision = decision_of(screened)
    match result.outcome:
        case "posted":
            conclusion = Conclusion(
                payment=payment,
                status="captured",
                captured=result.amount,
                fee_captured=payment.fee,
                settled_by=result.id,
                decision=decision,
            )
        case "held":
            conclusion = _held(payment, screened, decision, clocks, now)
        case _:
            code = refusal_code(results)
            conclusion = Conclusion(
                payment=payment,
                status=refusals.status_of(code),
                failure_code=refusals.shown(code),
                decision=decision,
            )
    assert may_become("screening", conclusion.status)
    return conclusion


def both(first: ComplianceDecision, again: ComplianceDecision) -> ComplianceDecision:
    """Return what two screenings of a payment say together: the graver outcome, all that is against it."""
    return ComplianceDecision(
        id=first.id,
        outcome=max(first.outcome, again.outcome, key=_GRAVITY.index),
        refusals=list(dict.fromkeys([*first.refusals, *again.refusals])),
        reasons=list(dict.fromkeys([*first.reasons, *again.reasons])),
        max_credit_balance=again.max_credit_balance,
    )


_GRAVITY: Final[tuple[ScreeningOutcome, ...]] = ("clear", "possible", "confirmed")


def flags_against(payment: Queued, accounts: Sequence[Account]) -> tuple[str, ...]:
    """Return the refusals that the flags of both sides' accounts give, as the ledger judges them."""
    found: list[str] = []
    for account in accounts:
        if account.closed:
            found.append(refusals.WALLET_CLOSED)
        elif account.frozen == "all" or (account.frozen == "debits" and account.id == payment.from_account):
            found.append(refusals.WALLET_FROZEN)
    return tuple(found)


def decision_of(screened: Screened) -> Decision:
    """Return both decisions as they are kept."""
    compliance = screened.compliance
    return Decision(
        fraud=fraud_part(screened.fraud),
        compliance=None
        if compliance is None
        else CompliancePart(outcome=compliance.outcome, reasons=compliance.reasons),
    )


def fraud_part(fraud: FraudDecision | None) -> FraudPart:
    """Return a score as it is kept; one that could not be had is a review with the reason ``no_score``."""
    if fraud is None:
        return _NO_SCORE
    return FraudPart(score=fraud.score, outcome=fraud.outcome, reasons=fraud.reasons, model_version=fraud.model_version)


_NO_SCORE: Final = FraudPart(
    score=0.0,
    outcome="review",
    reasons=[Reason("no_score", "fraud-service did not answer: the score is not known yet.")],
)


def score_of(part: FraudPart | None) -> float | None:
    """Return the score that is kept in ``part``; None where there is none."""
    return None if part is None or part == _NO_SCORE else part.score


def _held(payment: Queued, screened: Screened, decision: Decision, clocks: Clocks, now: datetime) -> Conclusion:
    """A hold is a review where one is due now, or was due at an earlier ask that the ledger still knows."""
    reviews = screened.reviews
    if not reviews and (screened.refusals or not payment.manual):
        reviews = ("no_score",)
    return Conclusion(
        payment=payment,
        status="in_review" if reviews else "authorized",
        reviews=reviews,
        decision=decision,
        deadline_at=now + (clocks.review if reviews else clocks.authorization),
    )


def _hold_period(payment: Queued, screened: Screened, clocks: Clocks) -> timedelta:
    """A manual payment in review may be authorized on its last day, and then has an authorization's time."""
    review = clocks.review if screened.review is not None else timedelta()
    return review + (clocks.authorization if payment.manual else timedelta())


def _transfer(
    payment: Queued,
    kind: Literal["post", "hold", "refuse"],
    reasons: tuple[str, ...],
    limit: int | None = None,
    *,
    expires_at: datetime | None = None,
    linked: bool = False,
) -> Transfer:
    return Transfer(
        id=payment.payment_id,
        kind=kind,
        purpose="payment",
        debit=payment.from_account,
        credit=payment.to_account,
        amount=payment.amount,
        currency=payment.currency,
        refusals=reasons,
        max_credit_balance=limit,
        expires_at=expires_at,
        linked=linked,
    )
