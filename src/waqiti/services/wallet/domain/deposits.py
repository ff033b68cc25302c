"""A deposit: the rail collects, then the money is screened, then it is posted to the wallet or put into suspense."""

from waqiti.contracts.compliance import ComplianceDecision, ScreenRequest
from waqiti.contracts.ledger import Transfer, TransferResult, system_account_id
from waqiti.contracts.refusals import RAIL_FAILED
from waqiti.foundation.ids import derived_id
from waqiti.services.wallet.domain.movements import (
    Change,
    MovementRow,
    described,
    later,
    refused,
)
from waqiti.services.wallet.domain.rails import RailReport


def after_rail(deposit: MovementRow, report: RailReport) -> Change:
    """Follow what the rail says: the money came, will not come, or is awaited."""
    if report.state == "accepted":
        return later(deposit, "rail_accepted")
    if report.state == "failed":
        return Change(status="failed", step="done", reason=RAIL_FAILED, failure=described(RAIL_FAILED))
    return Change(status=deposit.status, step="arrived", reason="rail_settled", rail_reference=report.reference)


def screening(deposit: MovementRow) -> ScreenRequest:
    """Return what compliance is asked."""
    return ScreenRequest(
        id=deposit.id,
        kind="deposit",
        from_customer=None,
        to_customer=deposit.customer_id,
        amount=deposit.amount,
        currency=deposit.currency,
        created_at=deposit.created_at,
        text=deposit.reference,
    )


def posting(deposit: MovementRow, decision: ComplianceDecision) -> Transfer:
    """Return the transfer into the wallet; the ledger stores a refusal under its id where there is one."""
    return Transfer(
        id=deposit.id,
        kind="post",
        purpose="deposit",
        debit=system_account_id("rail", deposit.currency),
        credit=deposit.wallet_id,
        amount=deposit.amount,
        currency=deposit.currency,
        refusals=tuple(decision.refusals),
        max_credit_balance=decision.max_credit_balance,
    )


def suspended(movement: MovementRow) -> Transfer:
    """Return the transfer that keeps money which may not reach the wallet in suspense."""
    return Transfer(
        id=derived_id(movement.id, "suspense"),
        kind="post",
        purpose="deposit" if movement.kind == "deposit" else "return",
        debit=system_account_id("rail", movement.currency),
        credit=system_account_id("suspense", movement.currency),
        amount=movement.amount,
        currency=movement.currency,
    )


def after_posting(result: TransferResult, decision: ComplianceDecision) -> Change:
    """Follow what the ledger stored; refused money is in suspense before this is asked."""
    if result.outcome == "refused":
        assert result.code is not None
        return refused(result.code, "resolve", decision.reasons)
    assert result.outcome == "posted", result.outcome
    return Change(status="settled", step="resolve", reason="posted")
