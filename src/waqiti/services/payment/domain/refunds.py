"""Refunds: how much may be given back, and the transfers that do it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import Transfer, system_account_id
from waqiti.contracts.payment import Status, fee_transfer_id, refund_transfer_id
from waqiti.foundation.errors import Problem
from waqiti.services.payment.domain import fees
from waqiti.services.payment.domain.payments import Facts, Payment, State
from waqiti.services.payment.domain.states import REFUNDABLE

RefundStatus = Literal["pending", "succeeded", "failed"]


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund. ``share`` is its part of the captured fee, given back where ``refund_fee``."""

    id: UUID
    payment_id: UUID
    number: int
    amount: int
    share: int
    refund_fee: bool
    status: RefundStatus = "pending"
    failure_code: str | None = None
    reason: str | None
    actor: str
    created_at: datetime


def refundable(state: State) -> int:
    """Return what no refund has given back or reserved."""
    return state.captured - state.refunded - state.reserved


def reserve(
    payment: Payment,
    refund_id: UUID,
    asked: int | None,
    *,
    refund_fee: bool,
    reason: str | None,
    actor: str,
    now: datetime,
) -> Refund:
    """Return the refund of ``asked`` minor units, or of all that is left.

    Raises:
        Problem: 409 ``conflict`` where nothing was captured, or less than that is left.
    """
    state = payment.state
    left = refundable(state)
    amount = left if asked is None else asked
    if state.status not in REFUNDABLE:
        raise Problem.conflict(f"A payment that is {state.status} cannot be refunded.")
    if amount > left or left == 0:
        raise Problem.conflict(f"Only {left} of the captured {state.captured} minor units can still be refunded.")
    share = fees.refund_share(state.fee_captured, state.fee_shared, amount, state.captured, is_last=amount == left)
    return Refund(
        id=refund_id,
        payment_id=payment.facts.id,
        number=state.refunds + 1,
        amount=amount,
        share=share,
        refund_fee=refund_fee,
        reason=reason,
        actor=actor,
        created_at=now,
    )


def reserved(state: State, refund: Refund) -> State:
    """Return the state with the refund's amount and share taken."""
    return msgspec.structs.replace(
        state,
        reserved=state.reserved + refund.amount,
        fee_shared=state.fee_shared + refund.share,
        refunds=refund.number,
    )


def succeeded(state: State, refund: Refund) -> State:
    """Return the state after the money has gone back."""
    refunded = state.refunded + refund.amount
    status: Status = "refunded" if refunded == state.captured else "partially_refunded"
    return msgspec.structs.replace(state, status=status, refunded=refunded, reserved=state.reserved - refund.amount)


def released(state: State, refund: Refund) -> State:
    """Return the state after the refund has failed."""
    return msgspec.structs.replace(
        state, reserved=state.reserved - refund.amount, fee_shared=state.fee_shared - refund.share
    )


def transfers(facts: Facts, state: State, refund: Refund) -> list[Transfer]:
    """Return what the ledger is asked: the fee back to the payee where asked for, then the amount to the payer.

    The fee comes first, so that a payee who holds what they received can give all of it back.
    """
    assert state.settled_by is not None
    transfer_id = refund_transfer_id(facts.id, refund.number)
    back = Transfer(
        id=transfer_id,
        kind="post",
        purpose="refund",
        debit=facts.to_account,
        credit=facts.from_account,
        amount=refund.amount,
        currency=facts.currency,
        target=state.settled_by,
    )
    if not refund.refund_fee or refund.share == 0:
        return [back]
    fee = Transfer(
        id=fee_transfer_id(transfer_id),
        kind="post",
        purpose="refund",
        debit=system_account_id("fees", facts.currency),
        credit=facts.to_account,
        amount=refund.share,
        currency=facts.currency,
        target=fee_transfer_id(state.settled_by),
        linked=True,
    )
    return [fee, back]
