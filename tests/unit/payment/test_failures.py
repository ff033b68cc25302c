"""Which errors are a payment's own."""

import asyncpg
import pytest
from asyncpg import exceptions as pg

from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.events import Fenced
from waqiti.services.payment.usecases.deciding import Refused
from waqiti.services.payment.usecases.failures import described, is_of_the_payment


@pytest.mark.parametrize(
    "error",
    [
        DependencyUnavailable("payments", "It does not answer."),
        Fenced("another member owns it"),
        pg.DeadlockDetectedError("it met another one"),
        pg.ReadOnlySQLTransactionError("a standby"),
        pg.InsufficientPrivilegeError("no right to"),
        pg.UndefinedColumnError("a migration is missing"),
    ],
)
def test_what_goes_wrong_around_a_payment_is_not_its_own_fault(error: Exception) -> None:
    assert not is_of_the_payment(error)


@pytest.mark.parametrize(
    "error",
    [
        Refused("fraud-service", Problem.invalid("Thirteen is too much.")),
        pg.CheckViolationError("declined cannot become captured"),
        pg.NumericValueOutOfRangeError("too much"),
        ValueError("no such thing"),
        AssertionError(),
    ],
)
def test_what_its_own_data_brings_about_is(error: Exception) -> None:
    assert is_of_the_payment(error)


def test_an_error_stands_beside_a_dead_letter_with_its_kind_and_is_no_longer_than_a_line() -> None:
    assert described(asyncpg.PostgresError("x" * 1_000)) == "PostgresError: " + "x" * 485
