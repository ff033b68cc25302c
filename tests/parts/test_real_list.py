"""The real list of OFAC: names with slips are found, ordinary names and texts are not, and nobody waits for it."""

from pathlib import Path

import pytest

from bench.ordinary import few_ordinary_names, later_names, ordinary_names
from bench.screening import false_positives, found_at_5, not_clear, real_list
from waqiti.services.compliance.domain.screening import WatchList

NAMES = 1_500
# Of the processor: tests run beside other work.
P99_MS = 10.0
TEXTS = [
    "rent for may",
    "Invoice 2024-117, second half",
    "happy birthday, dear Maria! see you in Havana",
    "for the new boat, thanks",
    "General store: bread, milk, oil, gas",
    "Bank transfer to my account at the international bank",
    "dinner with Ahmed and Fatima at the Silver Moon",
    "Trading course, north office, Dubai",
    "shares of the shipping company / Q3",
    "club fee Juan Carlos",
]


@pytest.fixture(scope="module")
def names(ofac_directory: Path) -> WatchList:
    return real_list(ofac_directory)


def test_names_in_any_order_and_with_a_typo_are_among_the_first_five(names: WatchList) -> None:
    found = found_at_5(names, NAMES)
    assert found.share >= 0.97, found
    assert found.times.p99_cpu_ms < P99_MS, found


def test_individuals_in_any_order_and_without_a_letter_are_not_clear(names: WatchList) -> None:
    found = not_clear(names, NAMES)
    assert found.share >= 0.97, found
    assert found.times.p99_cpu_ms < P99_MS, found


def test_every_name_of_the_list_is_found_as_it_is_written(names: WatchList) -> None:
    ashore = [entry for entry in names.entries if entry.kind in ("individual", "entity")][::5]
    for entry in ashore:
        for name in (entry.name, *entry.aliases):
            best = names.search(name, 1)[0]
            assert best.score == 1.0, (entry, best)


def test_ordinary_names_of_many_countries_are_clear(names: WatchList) -> None:
    found = false_positives(names, "ordinary", ordinary_names())
    assert found.share_of_others < 0.005, found
    assert found.share < 0.01, found
    later = false_positives(names, "later", later_names())
    assert later.share < 0.02, later
    flagged = [name for name in few_ordinary_names() if names.screen(name)]
    assert len(flagged) <= 5, flagged


@pytest.mark.parametrize("text", TEXTS)
def test_ordinary_texts_name_nobody(names: WatchList, text: str) -> None:
    assert names.mentions(text) == []
