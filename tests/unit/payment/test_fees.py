"""Fees: rounded down, and nothing lost in the sum."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.contracts.ledger import Transfer
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.services.payment.domain import refunds
from waqiti.services.payment.domain.fees import captured_fee, refund_share
from waqiti.services.payment.domain.payments import Facts, Payment, State

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def payment(amount: int = 1_000, fee: int = 10, **state: Any) -> Payment:
    """A payment that was captured as a whole, unless ``state`` says otherwise."""
    identifier = new_id()
    facts = Facts(
        id=identifier,
        from_wallet=new_id(),
        to_wallet=new_id(),
        from_account=new_id(),
        to_account=new_id(),
        from_customer=new_id(),
        to_customer=new_id(),
        amount=amount,
        currency="EUR",
        manual=False,
        fee=fee,
        description=None,
        metadata=None,
        created_by="key_test",
        created_at=NOW,
    )
    fields: dict[str, Any] = {
        "status": "captured",
        "captured": amount,
        "fee_captured": fee,
        "settled_by": identifier,
        "updated_at": NOW,
    }
    return Payment(facts, State(**(fields | state)))


def reserve(of: Payment, amount: int | None, *, refund_fee: bool = True) -> refunds.Refund:
    return refunds.reserve(of, new_id(), amount, refund_fee=refund_fee, reason=None, actor="key_test", now=NOW)


def after(of: Payment, refund: refunds.Refund) -> Payment:
    return Payment(of.facts, refunds.succeeded(refunds.reserved(of.state, refund), refund))


@pytest.mark.parametrize(("fee", "captured", "amount", "expected"), [(80, 333, 800, 33), (1, 1, 3, 0), (5, 7, 7, 5)])
def test_a_partial_capture_takes_its_part_of_the_fee_rounded_down(
    fee: int, captured: int, amount: int, expected: int
) -> None:
    assert captured_fee(fee, captured, amount) == expected


def test_the_last_refund_has_what_rounding_left_of_the_fee() -> None:
    assert refund_share(10, 0, 333, 1_000, is_last=False) == 3
    assert refund_share(10, 3, 667, 1_000, is_last=True) == 7


@given(
    amount=st.integers(1, 10_000),
    data=st.data(),
)
def test_refunds_give_back_exactly_what_was_captured_and_its_fee(amount: int, data: st.DataObject) -> None:
    paid = payment(amount, data.draw(st.integers(0, amount)))
    shares = total = 0
    while paid.state.status != "refunded":
        left = refunds.refundable(paid.state)
        asked = data.draw(st.one_of(st.none(), st.integers(1, left)))
        refund = reserve(paid, asked)
        assert 0 <= refund.share <= paid.state.fee_captured
        shares += refund.share
        total += refund.amount
        paid = after(paid, refund)
    assert (total, shares) == (amount, paid.state.fee_captured)
    assert paid.state.reserved == 0


def test_more_than_is_left_cannot_be_refunded() -> None:
    paid = payment(refunded=300, reserved=200, status="partially_refunded")
    with pytest.raises(Problem) as refused:
        reserve(paid, 501)
    assert (refused.value.status, refused.value.code) == (409, "conflict")
    assert reserve(paid, None).amount == 500


def test_a_failed_refund_leaves_everything_as_it_was() -> None:
    paid = payment()
    refund = reserve(paid, 400)
    released = refunds.released(refunds.reserved(paid.state, refund), refund)
    assert msgspec.structs.replace(released, refunds=0) == paid.state


def test_a_fee_is_given_back_before_the_amount_so_that_the_payee_can_return_all() -> None:
    paid = payment()
    fee, back = refunds.transfers(paid.facts, paid.state, reserve(paid, None))
    assert (fee.amount, fee.credit, fee.linked) == (10, paid.facts.to_account, True)
    assert (back.amount, back.debit, back.credit) == (1_000, paid.facts.to_account, paid.facts.from_account)
    assert back.target == paid.state.settled_by


def test_a_fee_is_kept_unless_asked_for() -> None:
    paid = payment()
    transfers: list[Transfer] = refunds.transfers(paid.facts, paid.state, reserve(paid, None, refund_fee=False))
    assert [transfer.amount for transfer in transfers] == [1_000]


@pytest.mark.parametrize("status", ["created", "screening", "in_review", "authorized", "refunded", "failed"])
def test_only_what_was_captured_can_be_refunded(status: Any) -> None:
    with pytest.raises(Problem) as refused:
        reserve(payment(status=status), 1)
    assert refused.value.status == 409
