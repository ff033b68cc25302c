"""A withdrawal: screened and scored, held, paid out by the rail, then posted, or released where the rail refuses it."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from waqiti.contracts import patience
from waqiti.contracts.compliance import ComplianceDecision, ScreenRequest
from waqiti.contracts.fraud import FraudDecision, Reason, ScoreRequest
from waqiti.contracts.ledger import HOLD_EXPIRED, HOLD_RESOLVED, Transfer, TransferResult, system_account_id
from waqiti.contracts.refusals import (
    COMPLIANCE_UNAVAILABLE,
    FRAUD_DECLINED,
    GIVEN_UP,
    RAIL_FAILED,
    WALLET_CLOSED,
    WALLET_FROZEN,
)
from waqiti.contracts.reviews import ReviewKind
from waqiti.foundation.ids import derived_id
from waqiti.services.wallet.domain.movements import (
    NO_SCORE,
    RETURNED,
    Change,
    MovementRow,
    Refusal,
    Review,
    described,
    later,
    refused,
)
from waqiti.services.wallet.domain.rails import RailReport
from waqiti.services.wallet.domain.reviews import begun, review_of


class Hold(msgspec.Struct, frozen=True):
    """Ask the ledger for a hold, or for the first of these refusals; with a ``review`` a hold waits for people.

    ``reasons`` are those of screening, for the client.
    """

    refusals: tuple[str, ...] = ()
    review: Review | None = None
    reasons: tuple[Reason, ...] = ()


class Refuse(msgspec.Struct, frozen=True):
    """Give up after a day: ask the ledger to store a refusal, unless it has stored something else."""

    code: str


Decision = Hold | Refuse | Literal["wait"]


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


def decision(
    withdrawal: MovementRow, compliance: ComplianceDecision | None, fraud: FraudDecision | None, now: datetime
) -> Decision:
    """Decide what to ask of the ledger; None stands for a service that does not answer.

    Without compliance for 60 s it is refused, by that or by what the ledger puts before it; without a score for 10 s
    it is held for review. Patience begins with the status ``screening``, which is given at the first failure.
    """
    if now - withdrawal.created_at > patience.DECISION:
        return Refuse(GIVEN_UP)
    waited = now - withdrawal.changed_at if withdrawal.status == "screening" else timedelta(0)
    if compliance is None and waited <= patience.COMPLIANCE:
        return "wait"
    if fraud is None and waited <= patience.FRAUD:
        return "wait"
    screened = (COMPLIANCE_UNAVAILABLE,) if compliance is None else tuple(compliance.refusals)
    declined = (FRAUD_DECLINED,) if fraud is not None and fraud.outcome == "decline" else ()
    reasons = () if compliance is None else tuple(compliance.reasons)
    kinds = _kinds(compliance, fraud)
    return Hold((*screened, *declined), review_of(kinds, now, fraud, reasons) if kinds else None, reasons)


def _kinds(compliance: ComplianceDecision | None, fraud: FraudDecision | None) -> list[ReviewKind]:
    """Return all that somebody has to approve."""
    by_score: list[ReviewKind] = [NO_SCORE] if fraud is None else ["fraud"] if fraud.outcome == "review" else []
    possible = compliance is not None and compliance.outcome == "possible"
    return [*by_score, "compliance"] if possible else by_score


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


def after_first_transfer(result: TransferResult, asked: Hold | Refuse, now: datetime) -> Change:
    """Follow what the ledger stored, which may be what an earlier attempt asked: then it is reviewed first."""
    if result.outcome == "refused":
        assert result.code is not None
        return refused(result.code, "resolve", asked.reasons if isinstance(asked, Hold) else ())
    assert result.outcome == "held", result.outcome
    due = asked.review if isinstance(asked, Hold) and not asked.refusals else review_of([NO_SCORE], now)
    return Change(status="pending", step="rail", reason="held") if due is None else begun(due)


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
