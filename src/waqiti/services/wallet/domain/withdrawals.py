"""A withdrawal: screened and scored, held, paid out by the rail, then posted, or released where the rail refuses it."""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from waqiti.contracts import patience
from waqiti.contracts.compliance import ComplianceDecision, ScreenRequest
from waqiti.contracts.fraud import FraudDecision, Reason, ScoreRequest
from waqiti.contracts.ledger import HOLD_EXPIRED, HOLD_RESOLVED, Account, Transfer, TransferResult, system_account_id
from waqiti.contracts.refusals import (
    COMPLIANCE_UNAVAILABLE,
    FRAUD_DECLINED,
    GIVEN_UP,
    RAIL_FAILED,
    REVIEW_EXPIRED,
    WALLET_CLOSED,
    WALLET_FROZEN,
    first,
    status_of,
)
from waqiti.foundation.ids import derived_id
from waqiti.services.wallet.domain.movements import (
    NO_SCORE,
    RETURNED,
    Change,
    MovementRow,
    Refusal,
    described,
    later,
    refused,
)
from waqiti.services.wallet.domain.rails import RailReport

_BY_SCORE: Final = "fraud_review"
_BY_COMPLIANCE: Final = "compliance_review"
_REVIEW_LOOK: Final = timedelta(minutes=1)


class Hold(msgspec.Struct, frozen=True):
    """Ask the ledger for a hold, or for the first of these refusals; ``review`` says why a hold waits.

    ``reasons`` are those of screening, for the client.
    """

    refusals: tuple[str, ...] = ()
    review: str | None = None
    reasons: tuple[Reason, ...] = ()


class Refuse(msgspec.Struct, frozen=True):
    """Give up after a day: ask the ledger to store a refusal, unless it has stored something else."""

    code: str


Verdict = Hold | Refuse | Literal["wait"]


def screening(withdrawal: MovementRow) -> ScreenRequest:
    """Return what compliance is asked."""
    return ScreenRequest(
        id=withdrawal.id,
        kind="withdrawal",
        from_customer=withdrawal.customer_id,
        to_customer=None,
        amount=withdrawal.amount,
        currency=withdrawal.currency,
        created_at=withdrawal.created_at,
        text=withdrawal.reference,
    )


def scoring(withdrawal: MovementRow) -> ScoreRequest:
    """Return what fraud is asked."""
    return ScoreRequest(
        id=withdrawal.id,
        kind="withdrawal",
        from_wallet=withdrawal.wallet_id,
        to_wallet=None,
        from_customer=withdrawal.customer_id,
        to_customer=None,
        amount=withdrawal.amount,
        currency=withdrawal.currency,
        created_at=withdrawal.created_at,
    )


def verdict(
    withdrawal: MovementRow, compliance: ComplianceDecision | None, fraud: FraudDecision | None, now: datetime
) -> Verdict:
    """Decide what to ask of the ledger; None stands for a service that does not answer.

    Without compliance for 60 s it is refused, by that or by what the ledger puts before it; without a score for 10 s
    it is held for review. Patience begins with the status ``screening``, which is given at the first failure.
    """
    if now - withdrawal.created_at > patience.DECISION:
        return Refuse(GIVEN_UP)
    waited = now - withdrawal.changed_at if withdrawal.status == "screening" else timedelta(0)
    if compliance is None and waited <= patience.COMPLIANCE:
        return "wait"
    screened = (COMPLIANCE_UNAVAILABLE,) if compliance is None else tuple(compliance.refusals)
    reasons = () if compliance is None else tuple(compliance.reasons)
    if fraud is None:
        return Hold(screened, NO_SCORE, reasons) if waited > patience.FRAUD else "wait"
    declined = (FRAUD_DECLINED,) if fraud.outcome == "decline" else ()
    if fraud.outcome == "review":
        return Hold(screened, _BY_SCORE, reasons)
    possible = compliance is not None and compliance.outcome == "possible"
    return Hold((*screened, *declined), _BY_COMPLIANCE if possible else None, reasons)


def first_transfer(withdrawal: MovementRow, asked: Hold | Refuse) -> Transfer:
    """Return the transfer under the withdrawal's own id. The hold has no end: a rail may take its time."""
    hold = isinstance(asked, Hold)
    return Transfer(
        id=withdrawal.id,
        kind="hold" if hold else "refuse",
        purpose="withdrawal",
        debit=withdrawal.wallet_id,
        credit=system_account_id("rail", withdrawal.currency),
        amount=withdrawal.amount,
        currency=withdrawal.currency,
        refusals=asked.refusals if isinstance(asked, Hold) else (asked.code,),
    )


def after_first_transfer(result: TransferResult, asked: Hold | Refuse) -> Change:
    """Follow what the ledger stored, which may be what an earlier attempt asked: then it is reviewed first."""
    if result.outcome == "refused":
        assert result.code is not None
        return refused(result.code, "resolve", asked.reasons if isinstance(asked, Hold) else ())
    assert result.outcome == "held", result.outcome
    review = asked.review if isinstance(asked, Hold) and not asked.refusals else NO_SCORE
    if review is None:
        return Change(status="pending", step="rail", reason="held")
    return Change(status="in_review", step="review", reason=review, review_reason=review)


def after_review(
    withdrawal: MovementRow, fraud: FraudDecision | None, now: datetime
) -> Literal["screen_again"] | Change:
    """Go on with a withdrawal that waits: only one without a score closes itself; every one ends after 72 h."""
    if now - withdrawal.changed_at > patience.REVIEW:
        return _against(REVIEW_EXPIRED)
    if withdrawal.review_reason != NO_SCORE:
        return msgspec.structs.replace(later(withdrawal, "reviewing"), pause=_REVIEW_LOOK)
    if fraud is None:
        return later(withdrawal, NO_SCORE)
    if fraud.outcome == "approve":
        return "screen_again"
    if fraud.outcome == "decline":
        return _against(FRAUD_DECLINED)
    return _waiting(withdrawal, _BY_SCORE)


def after_screening_again(withdrawal: MovementRow, again: ComplianceDecision, account: Account) -> Change:
    """Send an approved withdrawal to the rail, unless meanwhile something speaks against it or has to be looked at."""
    flags = [WALLET_CLOSED] if account.closed else [WALLET_FROZEN] if account.frozen != "none" else []
    code = first([*again.refusals, *flags])
    if code is not None:
        return _against(code)
    if again.outcome == "possible":
        return _waiting(withdrawal, _BY_COMPLIANCE)
    return Change(status="pending", step="rail", reason="score_approved")


def after_voiding(withdrawal: MovementRow) -> Change:
    """End a withdrawal whose review went against it, now that nothing is held any more."""
    assert withdrawal.failure is not None
    code = withdrawal.failure.code
    return Change(status=status_of(code), step="resolve", reason=code)


def capture(withdrawal: MovementRow) -> Transfer:
    """Return the transfer that posts the hold; each round after a freeze has an id of its own."""
    step = "capture" if withdrawal.capture_round == 0 else f"capture:{withdrawal.capture_round}"
    return _later_step(withdrawal, step, "capture")


def release(withdrawal: MovementRow) -> Transfer:
    """Return the transfer that gives the hold back."""
    return _later_step(withdrawal, "void", "void")


def giving_back(withdrawal: MovementRow) -> Transfer:
    """Return the transfer that puts returned money back into the wallet."""
    return Transfer(
        id=derived_id(withdrawal.id, "return"),
        kind="post",
        purpose="return",
        debit=system_account_id("rail", withdrawal.currency),
        credit=withdrawal.wallet_id,
        amount=withdrawal.amount,
        currency=withdrawal.currency,
    )


def after_rail(withdrawal: MovementRow, report: RailReport) -> Literal["capture", "release"] | Change:
    """Follow what the rail says; what it returned, it had paid before."""
    if report.state == "accepted":
        return later(withdrawal, "rail_accepted")
    return "release" if report.state == "failed" else "capture"


def after_capture(withdrawal: MovementRow, report: RailReport, result: TransferResult) -> Change:
    """Follow the ledger: settled, or where a freeze stops it, wait with another round."""
    if result.outcome == "captured":
        return Change(status="settled", step="resolve", reason="captured", rail_reference=report.reference)
    assert result.code in (WALLET_FROZEN, WALLET_CLOSED), result
    again = later(withdrawal, WALLET_FROZEN)
    return msgspec.structs.replace(again, capture_round=withdrawal.capture_round + 1)


def check_released(result: TransferResult) -> None:
    """Assert that nothing is held any more."""
    assert result.outcome == "voided" or result.code in (HOLD_RESOLVED, HOLD_EXPIRED), result


def after_release(report: RailReport) -> Change:
    """End a withdrawal that the rail refused."""
    return Change(
        status="failed",
        step="resolve",
        reason=RAIL_FAILED,
        failure=described(RAIL_FAILED),
        rail_reference=report.reference,
    )


def after_return() -> Change:
    """End a withdrawal whose money came back, into the wallet or into suspense."""
    given_back = Refusal(RETURNED, "The rail gave the money back.")
    return Change(status="returned", step="done", reason=RETURNED, failure=given_back)


def _waiting(withdrawal: MovementRow, reason: str) -> Change:
    """Leave a review to people."""
    return msgspec.structs.replace(later(withdrawal, reason), pause=_REVIEW_LOOK, review_reason=reason)


def _against(code: str) -> Change:
    """Turn a review against the withdrawal: for good, whatever is known later, and final once the hold is void."""
    return Change(status="in_review", step="release", reason=code, failure=described(code))


def _later_step(withdrawal: MovementRow, step: str, kind: Literal["capture", "void"]) -> Transfer:
    return Transfer(
        id=derived_id(withdrawal.id, step),
        kind=kind,
        purpose="withdrawal",
        debit=withdrawal.wallet_id,
        credit=system_account_id("rail", withdrawal.currency),
        amount=withdrawal.amount,
        currency=withdrawal.currency,
        target=withdrawal.id,
    )
