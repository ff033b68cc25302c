"""What clients are shown."""

from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes, refusals
from waqiti.contracts.compliance import ScreeningOutcome
from waqiti.contracts.fraud import Reason
from waqiti.contracts.payment import CompliancePart, Decision, FraudPart, PaymentResult, event_id
from waqiti.contracts.public import disputes as public_disputes
from waqiti.contracts.public import payments as public
from waqiti.contracts.public.common import Failure, PublicReason
from waqiti.foundation.ids import encode
from waqiti.foundation.security import OPERATOR, Principal
from waqiti.services.payment.domain.disputes import Dispute
from waqiti.services.payment.domain.payments import CREATED, Payment, Queued
from waqiti.services.payment.domain.refunds import Refund
from waqiti.services.payment.store.transitions import Transition

_COARSE: Final[dict[ScreeningOutcome, list[PublicReason]]] = {
    "clear": [],
    "possible": [PublicReason("compliance_review", "Compliance has to look at the payment.")],
    "confirmed": [PublicReason("compliance_refused", "Compliance refused the payment.")],
}

encode_json: Final = msgspec.json.Encoder().encode
_QUEUED: Final = msgspec.json.Decoder(Queued)
_RESULT: Final = msgspec.json.Decoder(PaymentResult)


def payment(shown: Payment, principal: Principal) -> public.Payment:
    """Show a payment; reasons of compliance in full to operators only, but for limits, which are no secret."""
    facts, state = shown.facts, shown.state
    return public.Payment(
        id=encode(prefixes.PAYMENT, facts.id),
        status=state.status,
        amount=facts.amount,
        currency=facts.currency,
        amount_captured=state.captured,
        amount_refunded=state.refunded,
        fee=facts.fee,
        from_wallet=encode(prefixes.WALLET, facts.from_wallet),
        to_wallet=encode(prefixes.WALLET, facts.to_wallet),
        description=facts.description,
        metadata=facts.metadata or {},
        decision=_decision(state.decision, principal),
        failure=failure(state.failure_code, state.decision),
        created_at=facts.created_at,
        updated_at=state.updated_at,
    )


def refund(shown: Refund) -> public.Refund:
    """Show a refund."""
    return public.Refund(
        id=encode(prefixes.REFUND, shown.id),
        payment_id=encode(prefixes.PAYMENT, shown.payment_id),
        amount=shown.amount,
        status=shown.status,
        failure=failure(shown.failure_code),
        reason=shown.reason,
        created_at=shown.created_at,
    )


def dispute(shown: Dispute, principal: Principal) -> public_disputes.Dispute:
    """Show a dispute; who resolved it, and why, to operators only."""
    for_operators = principal.has(OPERATOR)
    return public_disputes.Dispute(
        id=encode(prefixes.DISPUTE, shown.id),
        payment_id=encode(prefixes.PAYMENT, shown.payment_id),
        kind=shown.kind,
        detail=shown.detail,
        status=shown.status,
        opened_at=shown.opened_at,
        resolved_at=shown.resolved_at,
        resolved_by=shown.resolved_by if for_operators else None,
        reason=shown.reason if for_operators else None,
    )


def transition(shown: Transition, payment_id: UUID) -> public.PaymentEvent:
    """Show one transition of a payment."""
    place = (shown.topic, shown.partition, shown.offset)
    identifier = encode(prefixes.EVENT, event_id(payment_id, *place))
    if shown.type == CREATED:
        queued = _QUEUED.decode(shown.data)
        return public.PaymentEvent(
            id=identifier, type=shown.type, status="created", actor=queued.actor, reason=None, at=queued.at
        )
    result = _RESULT.decode(shown.data)
    return public.PaymentEvent(
        id=identifier, type=shown.type, status=result.status, actor=result.actor, reason=result.reason, at=result.at
    )


def failure(code: str | None, decision: Decision | None = None) -> Failure | None:
    """Show why money did not move; of a limit, which one."""
    if code is None:
        return None
    screening = decision.compliance if decision is not None else None
    return Failure(code, refusals.detail(code, screening.reasons if screening is not None else ()))


def _decision(decision: Decision | None, principal: Principal) -> public.DecisionView:
    if decision is None:
        return public.DecisionView(fraud=None, compliance=None)
    return public.DecisionView(fraud=_fraud(decision.fraud), compliance=_compliance(decision.compliance, principal))


def _fraud(part: FraudPart | None) -> public.FraudView | None:
    if part is None:
        return None
    return public.FraudView(
        score=part.score,
        outcome=part.outcome,
        reasons=_reasons(part.reasons),
        model_version=part.model_version,
    )


def _compliance(part: CompliancePart | None, principal: Principal) -> public.ComplianceView | None:
    if part is None:
        return None
    if principal.has(OPERATOR):
        return public.ComplianceView(outcome=part.outcome, reasons=_reasons(part.reasons))
    limits = [reason for reason in part.reasons if reason.code == refusals.LIMIT_EXCEEDED]
    return public.ComplianceView(outcome=part.outcome, reasons=_COARSE[part.outcome] + _reasons(limits))


def _reasons(reasons: list[Reason]) -> list[PublicReason]:
    return [PublicReason(reason.code, reason.detail) for reason in reasons]
