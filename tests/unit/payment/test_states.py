"""The state table."""

from typing import get_args

import pytest

from waqiti.contracts.payment import FINAL, WAITING, Status
from waqiti.services.payment.domain.states import HELD, REFUNDABLE, TRANSITIONS, may_become

STATUSES: tuple[Status, ...] = get_args(Status)


def test_every_status_has_its_row() -> None:
    assert set(TRANSITIONS) == set(STATUSES)


def test_nothing_comes_back_to_created() -> None:
    assert not any(may_become(status, "created") for status in STATUSES)


@pytest.mark.parametrize("status", ["refunded", "declined", "failed", "canceled", "expired"])
def test_the_ends_lead_nowhere(status: Status) -> None:
    assert not TRANSITIONS[status]


def test_screening_may_become_whatever_created_may_but_itself() -> None:
    assert TRANSITIONS["screening"] == TRANSITIONS["created"] - {"screening"}


def test_every_status_is_waiting_or_held_or_final() -> None:
    assert set(STATUSES) == WAITING | HELD | FINAL
    assert REFUNDABLE <= FINAL
