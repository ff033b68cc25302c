"""Which lists lose too much against the one in use."""

import pytest

from waqiti.services.compliance.domain.lists import ListVersion
from waqiti.services.compliance.domain.shrinking import ListShrinks, ListSize, refuse, shrinkage

OFAC = ListVersion("ofac", "0123456789abcdef")
BEFORE = ListSize(7_379, 17_061)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ListSize(1, 1)),
        (BEFORE, BEFORE),
        (BEFORE, ListSize(20_000, 50_000)),
        (ListSize(100, 200), ListSize(90, 180)),
        (ListSize(100, 100), ListSize(100, 100)),
    ],
)
def test_a_list_may_grow_and_lose_a_tenth(before: ListSize | None, after: ListSize) -> None:
    assert shrinkage(OFAC, before, after) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BEFORE, ListSize(200, 400)),
        (BEFORE, ListSize(7_379, 7_379)),
        (ListSize(100, 200), ListSize(89, 200)),
        (ListSize(100, 200), ListSize(100, 179)),
        (ListSize(100, 101), ListSize(100, 100)),
    ],
)
def test_a_list_that_loses_more_or_every_alternate_name_shrinks(before: ListSize, after: ListSize) -> None:
    found = shrinkage(OFAC, before, after)
    assert found is not None
    with pytest.raises(ListShrinks, match=r"^list_shrinks: ofac would go from"):
        refuse(found)


def test_a_list_that_shrinks_says_the_numbers() -> None:
    found = shrinkage(OFAC, BEFORE, ListSize(200, 200))
    assert found is not None
    assert found.sentence == (
        "ofac would go from 7,379 entries to 200, and from 17,061 names to 200, with no alternate name left"
    )
