"""Identifiers at the edge."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.foundation.ids import LAST_ID, NO_ID, decode, encode

A = encode("pay", UUID("01939f1c-5a20-7c3e-9b1a-3f0c2d4e5f60"))


@given(st.uuids())
def test_what_is_written_is_read(identifier: UUID) -> None:
    assert decode("pay", encode("pay", identifier)) == identifier


@given(st.uuids(), st.uuids())
def test_identifiers_sort_as_their_uuids_do(one: UUID, other: UUID) -> None:
    assert (encode("pay", one) < encode("pay", other)) == (one < other)


def test_the_first_and_the_last_are_read() -> None:
    assert [decode("pay", encode("pay", end)) for end in (NO_ID, LAST_ID)] == [NO_ID, LAST_ID]


@pytest.mark.parametrize(
    "odd", ["i", "l", "o", "u", "A", "_", "+", "-", " ", "\n", "\0", "\x7f", "é", "\u0663", "\uff11", "\ud800"]
)
def test_a_character_that_is_not_of_the_alphabet_makes_no_identifier(odd: str) -> None:
    for place in range(len("pay_"), len(A)):
        assert decode("pay", A[:place] + odd + A[place + 1 :]) is None


@pytest.mark.parametrize("odd", ["", "pay", "pay_", A[:-1], A + "0", "x" + A, A.replace("pay", "wal"), "pay_8" + A[5:]])
def test_what_is_no_identifier_is_not_read(odd: str) -> None:
    assert decode("pay", odd) is None
