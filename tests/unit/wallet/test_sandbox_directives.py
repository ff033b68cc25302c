"""What a reference asks of the sandbox rail."""

from datetime import timedelta

import pytest

from waqiti.foundation.errors import Problem
from waqiti.services.wallet.domain.sandbox import Behaviour, behaviour_of


@pytest.mark.parametrize("reference", [None, "", "Salary of May", "delay=5", "Sandbox:delay=5"])
def test_an_ordinary_reference_asks_for_nothing(reference: str | None) -> None:
    assert behaviour_of(reference) == Behaviour()


@pytest.mark.parametrize(
    ("reference", "behaviour"),
    [
        ("sandbox:delay=5", Behaviour(settles_after=timedelta(seconds=5))),
        ("sandbox:delay=0", Behaviour()),
        ("sandbox:duplicate", Behaviour(duplicates=True)),
        ("sandbox:fail", Behaviour(fails=True)),
        ("sandbox:lose-answer", Behaviour(loses_answer=True)),
        ("sandbox:return", Behaviour(returns_after=timedelta(0))),
        ("sandbox:return=3600", Behaviour(returns_after=timedelta(hours=1))),
        (
            "sandbox:delay=2, lose-answer,duplicate",
            Behaviour(settles_after=timedelta(seconds=2), loses_answer=True, duplicates=True),
        ),
    ],
)
def test_directives_add_up(reference: str, behaviour: Behaviour) -> None:
    assert behaviour_of(reference) == behaviour


@pytest.mark.parametrize(
    "reference",
    [
        "sandbox:",
        "sandbox:explode",
        "sandbox:delay",
        "sandbox:delay=",
        "sandbox:delay=-1",
        "sandbox:delay=1.5",
        "sandbox:delay=3601",
        "sandbox:delay=99999999999999999999",
        "sandbox:delay=²",
        "sandbox:fail=1",
        "sandbox:fail,return",
        "sandbox:fail,",
    ],
)
def test_what_the_rail_would_not_understand_is_refused_before_anything_is_stored(reference: str) -> None:
    with pytest.raises(Problem) as refused:
        behaviour_of(reference)

    assert refused.value.status == 422
    assert refused.value.errors[0].pointer == "/reference"
