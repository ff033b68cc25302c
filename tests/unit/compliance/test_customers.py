"""What may be said about a customer."""

from datetime import date

import pytest

from waqiti.foundation.errors import Problem
from waqiti.services.compliance.domain.countries import COUNTRIES
from waqiti.services.compliance.domain.customers import NewCustomer, checked

TODAY = date(2025, 6, 15)


@pytest.mark.parametrize(
    "new",
    [
        NewCustomer(name="A", country="DE"),
        NewCustomer(name="أحمد‌رضا", country="IR"),
        NewCustomer(name="李 小龍 (Bruce)", country="HK", email="bruce.lee+pay@example.co.uk"),
        NewCustomer(name="X" * 200, country="US", date_of_birth=date(2025, 6, 14)),
        NewCustomer(name="Anne-Marie O'Neil, Jr.", country="FR", date_of_birth=date(1900, 2, 28)),
    ],
)
def test_real_people_are_taken_on(new: NewCustomer) -> None:
    assert checked(new, TODAY) is new


@pytest.mark.parametrize(
    ("new", "pointers"),
    [
        (NewCustomer(name="   ", country="DE"), ["/name"]),
        (NewCustomer(name="\u200b\u200b", country="DE"), ["/name"]),
        (NewCustomer(name="Ann\nLee", country="DE"), ["/name"]),
        (NewCustomer(name="Ann\x07", country="DE"), ["/name"]),
        (NewCustomer(name="Ann", country="XX"), ["/country"]),
        (NewCustomer(name="Ann", country="UK"), ["/country"]),
        (NewCustomer(name="Ann", country="DE", date_of_birth=TODAY), ["/date_of_birth"]),
        (NewCustomer(name="Ann", country="DE", date_of_birth=date(9999, 1, 1)), ["/date_of_birth"]),
        (NewCustomer(name="Ann", country="DE", date_of_birth=date(1, 1, 1)), ["/date_of_birth"]),
        (NewCustomer(name="Ann", country="DE", email="ann"), ["/email"]),
        (NewCustomer(name="Ann", country="DE", email="ann@home"), ["/email"]),
        (NewCustomer(name="Ann", country="DE", email="a b@example.com"), ["/email"]),
        (NewCustomer(name="Ann", country="DE", email="a@b@example.com"), ["/email"]),
        (
            NewCustomer(name=" ", country="ZZ", email="x", date_of_birth=TODAY),
            [
                "/name",
                "/country",
                "/date_of_birth",
                "/email",
            ],
        ),
    ],
)
def test_every_field_that_makes_no_sense_is_named(new: NewCustomer, pointers: list[str]) -> None:
    with pytest.raises(Problem) as raised:
        checked(new, TODAY)
    assert (raised.value.status, raised.value.code) == (422, "invalid_request")
    assert [error.pointer for error in raised.value.errors] == pointers


def test_there_are_249_countries() -> None:
    assert len(COUNTRIES) == 249
