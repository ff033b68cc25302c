"""What is found on a list: names as customers give them, names in free text, ships."""

import pytest

from waqiti.contracts.compliance import ScreeningOutcome
from waqiti.services.compliance.domain.lists import ListVersion, SourceList, read_list, together, version_of
from waqiti.services.compliance.domain.screening import Entry, ListError, WatchList, strongest
from waqiti.services.compliance.service import shipped_list, shipped_source

NAMES = WatchList(
    "v1",
    [
        Entry("X-1", "Zoë Thrumbolt-Quill", ("The Quill",)),
        Entry("X-2", "Conor O'Gnarl", ("Þrast Ødegnarl", "Жан Гнарл")),
        Entry("X-3", "Zoe Thrumbolt Quill"),
        Entry("X-4", "Gnarlissimo", (), "entity"),
        Entry("X-5", "QUENVIK, Zorblat Vandelquar"),
        Entry("X-6", "Morwenna Star", (), "vessel"),
        Entry("X-7", "Maria"),
    ],
)


def found(name: str) -> list[tuple[str, ScreeningOutcome]]:
    return [(match.reference, match.outcome) for match in NAMES.screen(name)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("zoe thrumbolt quill", [("X-1", "confirmed"), ("X-3", "confirmed")]),
        ("Quill, the", [("X-1", "confirmed")]),
        ("Гнарл, Жан", [("X-2", "confirmed")]),
        ("Zhan Gnarl", [("X-2", "confirmed")]),
        ("Thrast Odegnarl", [("X-2", "confirmed")]),
        ("gnarlissimo", [("X-4", "confirmed")]),
        ("Zoe Thrumbolt-Qill", [("X-1", "possible"), ("X-3", "possible")]),
        ("Zorblat Quenvik", [("X-5", "possible")]),
        ("Zor Blat Vandelquar Quenvik", [("X-5", "confirmed")]),
        ("Maria", [("X-7", "possible")]),
        (f"Quenvik {'padded with much else ' * 9} Zorblat Vandelquar", [("X-5", "possible")]),
        ("Maria Quenvik", []),
        ("Ada Lovelace", []),
        ("---", []),
    ],
)
def test_a_name_is_found_under_each_of_its_names(name: str, expected: list[tuple[str, ScreeningOutcome]]) -> None:
    assert found(name) == expected


def test_ships_are_found_by_their_whole_name_only_and_never_block_anybody() -> None:
    assert found("Star, Morwenna") == [("X-6", "possible")]
    assert found("Morwena Star") == []
    assert [match.reference for match in NAMES.search("Morwena Star", 1)] == ["X-6"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for the new boat, thanks, Conor O'Gnarl!", "confirmed"),
        ("invoice 17 / OGNARL, CONOR / urgent", "confirmed"),
        ("Zoe Thrumbolt Quill", "confirmed"),
        ("to Conor OGnarll for the boat", "possible"),
        ("Zoe paid Thrumbolt and Quill", "possible"),
        ("Conor and the O'Gnarl family", "clear"),
        ("Zoe and Maria", "clear"),
        ("gnarlissimo", "clear"),
        ("the Morwenna Star", "clear"),
        ("lunch", "clear"),
        ("", "clear"),
    ],
)
def test_free_text_names_somebody_by_words_that_stand_together(text: str, expected: ScreeningOutcome) -> None:
    assert strongest(match.outcome for match in NAMES.mentions(text)) == expected


def test_a_text_without_any_word_of_a_name_is_not_compared_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def compared(*_names: object) -> float:
        raise AssertionError

    monkeypatch.setattr("waqiti.services.compliance.domain.likeness.Likeness.score", compared)
    assert NAMES.mentions("Zoa Trumbolt Qill pays the rent of Conar") == []


def test_the_shipped_list_is_invented_and_every_name_on_it_is_found() -> None:
    shipped = shipped_list()
    assert 50 <= len(shipped.entries) <= 80
    assert len({entry.reference for entry in shipped.entries}) == len(shipped.entries)
    assert all(entry.reference.startswith("INV-") for entry in shipped.entries)
    for entry in shipped.entries:
        for name in (entry.name, *entry.aliases):
            confirmed = [match.reference for match in shipped.screen(name.upper()) if match.outcome == "confirmed"]
            assert entry.reference in confirmed, name


def test_the_version_of_a_list_is_its_content() -> None:
    first = read_list("x", "reference,name,aliases\nX-1,Zorblat,\n")
    same = read_list("x", "reference,name,aliases\nX-1,Zorblat,\n")
    other = read_list("x", "reference,name,aliases\nX-1,Zorblat,Zorb\n")
    assert first.of == same.of != other.of
    assert first.is_whole
    assert not SourceList(first.of, other.entries).is_whole


def test_the_version_of_lists_together_is_that_of_each_whatever_their_order() -> None:
    one, two, newer = ListVersion("a", "1"), ListVersion("b", "1"), ListVersion("b", "2")
    assert version_of([one, two]) == version_of([two, one])
    assert len({version_of([one]), version_of([one, two]), version_of([one, newer])}) == 3


@pytest.mark.parametrize("text", ["name,aliases\nZorblat,\n", "reference,name,aliases\nX-1,...,\n"])
def test_a_list_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(ListError):
        together([read_list("x", text)])


def test_whoever_builds_is_asked_to_pause() -> None:
    pauses: list[None] = []
    together([shipped_source(), shipped_source()], lambda: pauses.append(None))
    assert len(pauses) >= 2
