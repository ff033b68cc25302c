"""Which payments may be disputed as what, and what comes of a dispute."""

from typing import get_args

import pytest

from tests.unit.payment.test_reviews import LATER, NOW, STATUSES, payment
from waqiti.contracts.casework import DisputeKind
from waqiti.contracts.payment import Status
from waqiti.contracts.public.disputes import Outcome
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.services.payment.domain.disputes import Dispute, opened, resolved

BLOCKED: set[Status] = {"declined", "failed", "in_review"}
MOVED_OR_HELD: set[Status] = {"captured", "authorized", "partially_refunded", "refunded"}
UNDECIDED: set[Status] = {"created", "screening"}
MAY_BE = {"wrongly_blocked": BLOCKED, "fraud": MOVED_OR_HELD, "other": set(STATUSES) - UNDECIDED}


def a_dispute(status: Status = "captured", kind: DisputeKind = "other") -> Dispute:
    return opened(payment(status), new_id(), kind, "The goods never came", "key_client", NOW)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", get_args(DisputeKind))
def test_a_payment_may_be_disputed_as_what_its_status_gives_reason_for(status: Status, kind: DisputeKind) -> None:
    if status in MAY_BE[kind]:
        dispute = a_dispute(status, kind)
        assert (dispute.status, dispute.kind, dispute.opened_by) == ("open", kind, "key_client")
        assert (dispute.resolved_at, dispute.resolved_by, dispute.reason) == (None, None, None)
    else:
        with pytest.raises(Problem, match=f"{status} cannot be disputed as {kind}"):
            a_dispute(status, kind)


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_a_dispute_is_resolved_once(outcome: Outcome) -> None:
    dispute = resolved(a_dispute(), outcome, "The carrier lost it.", "key_operator", LATER)
    assert (dispute.status, dispute.resolved_by, dispute.resolved_at) == (outcome, "key_operator", LATER)
    with pytest.raises(Problem, match=f"{outcome} already"):
        resolved(dispute, "won", "Once more.", "key_operator", LATER)
