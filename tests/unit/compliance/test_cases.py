"""What a case holds, and names that are looked for without what somebody was cleared of."""

import pytest

from waqiti.contracts.compliance import ScreeningOutcome
from waqiti.services.compliance.domain.cases import MOST_MATCHES, finding
from waqiti.services.compliance.domain.customers import Screened
from waqiti.services.compliance.domain.lists import SourceList, together
from waqiti.services.compliance.domain.screening import MOST_FOUND, Entry, Match


def match(reference: str, score: float, outcome: ScreeningOutcome = "possible", source: str = "ofac") -> Match:
    return Match(
        source=source, reference=reference, kind="individual", name=f"Name {reference}", score=score, outcome=outcome
    )


def screened(*matches: Match, version: str = "v1") -> Screened:
    return Screened(list_version=version, matches=list(matches))


def test_a_case_holds_all_that_was_found_the_most_alike_first() -> None:
    opened = finding(screened(match("2", 0.91), match("1", 0.987654, "confirmed")))

    assert (opened.outcome, opened.list_version) == ("confirmed", "v1")
    assert [(one.source, one.reference, one.kind, one.name, one.score) for one in opened.matches] == [
        ("ofac", "1", "individual", "Name 1", 0.9877),
        ("ofac", "2", "individual", "Name 2", 0.91),
    ]


def test_a_later_screening_adds_and_takes_nothing_away() -> None:
    opened = finding(screened(match("1", 0.9), match("2", 0.8)))
    raised = finding(screened(match("1", 0.95, "confirmed"), match("1", 0.7, source="invented"), version="v2"), opened)
    later = finding(screened(match("3", 0.85), version="v3"), raised)

    assert (raised.outcome, raised.list_version) == ("confirmed", "v2")
    assert [(one.source, one.reference, one.score) for one in raised.matches] == [
        ("ofac", "1", 0.95),
        ("ofac", "2", 0.8),
        ("invented", "1", 0.7),
    ]
    assert (later.outcome, later.list_version, len(later.matches)) == ("confirmed", "v3", 4)


def test_a_case_is_bounded() -> None:
    many = [match(str(number), 1 - number / 1_000) for number in range(MOST_MATCHES + 10)]
    full = finding(screened(*many))

    assert [one.reference for one in full.matches] == [str(number) for number in range(MOST_MATCHES)]


def test_somebody_without_a_match_has_no_case() -> None:
    with pytest.raises(AssertionError):
        finding(screened())


LISTED = SourceList.from_entries("one", [Entry("R-1", "Zorblat Quenvik"), Entry("R-2", "Quenvik, Zorblat")])
OTHER = SourceList.from_entries("other", [Entry("R-1", "Zorblat Quenvick")])


@pytest.mark.parametrize(
    ("cleared", "left"),
    [
        (set(), {("one", "R-1"), ("one", "R-2"), ("other", "R-1")}),
        ({("one", "R-1")}, {("one", "R-2"), ("other", "R-1")}),
        ({("one", "R-1"), ("one", "R-2")}, {("other", "R-1")}),
        ({("one", "R-1"), ("one", "R-2"), ("other", "R-1")}, set()),
    ],
)
def test_what_somebody_was_cleared_of_is_not_found(cleared: set[tuple[str, str]], left: set[tuple[str, str]]) -> None:
    found = together([LISTED, OTHER]).screen("Zorblat Quenvik", cleared)

    assert {(one.source, one.reference) for one in found} == left


def test_what_was_cleared_takes_nobody_elses_place() -> None:
    """So many namesakes that a screening shows, and looks at, some of them only."""
    names = together([SourceList.from_entries("many", [Entry(f"R-{n}", "Zorblat Quenvik") for n in range(45)])])
    cleared: set[tuple[str, str]] = set()
    rounds = 0
    while found := names.screen("Zorblat Quenvick", cleared):
        assert len(found) <= MOST_FOUND
        cleared |= {(one.source, one.reference) for one in found}
        rounds += 1

    assert (len(cleared), rounds) == (45, 5)
