"""Names that are the same, names that are not, and names in free text."""

import pytest

from waqiti.services.compliance.domain.names import comparison_key
from waqiti.services.compliance.domain.screening import Entry, ListError, WatchList
from waqiti.services.compliance.service import shipped_list

NAMES = WatchList(
    "v1",
    [
        Entry("X-1", "Zoë Thrumbolt-Quill", ("The Quill",)),
        Entry("X-2", "Conor O'Gnarl", ("Þrast Ødegnarl", "Жан Гнарл")),
        Entry("X-3", "Zoe Thrumbolt Quill"),
        Entry("X-4", "Gnarlissimo"),
    ],
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Zorblat Quenvik", "ZORBLAT QUENVIK"),
        ("Zorblat Quenvik", "Quenvik, Zorblat"),
        ("Zorblat Quenvik", "  zorblat\tquenvik "),
        ("Zoë Ångström", "Zoe Angstrom"),
        ("Zoe\u0308 A\u030angstro\u0308m", "Zoë Ångström"),
        ("Groß", "GROSS"),
        ("Ødegård", "Odegard"),
        ("Łukasz", "Lukasz"),
        ("O'Gnarl", "O\u2019Gnarl"),
        ("O'Gnarl", "OGnarl"),
        ("J. R. Thrum", "J R Thrum"),
        ("J.R. Thrum", "JR Thrum"),
        ("Anne-Marie", "Anne Marie"),
        ("Zor\u200bblat", "Zorblat"),
        ("\uff3a\uff4f\uff52\uff42", "Zorb"),
        ("ПЕТР", "петр"),
        ("DI\u0307YAR", "diyar"),
    ],
)
def test_case_accents_punctuation_and_order_do_not_tell_names_apart(left: str, right: str) -> None:
    assert comparison_key(left) == comparison_key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Zorblat Quenvik", "Zorblat Quenvick"),
        ("Zorblat", "Zorblat Quenvik"),
        ("Anne Marie", "Annemarie"),
        ("李", "王"),
    ],
)
def test_other_letters_or_words_do(left: str, right: str) -> None:
    assert comparison_key(left) != comparison_key(right)


@pytest.mark.parametrize(
    ("name", "references"),
    [
        ("zoe thrumbolt quill", ["X-1", "X-3"]),
        ("Quill, the", ["X-1"]),
        ("Гнарл, Жан", ["X-2"]),
        ("Thrast Odegnarl", ["X-2"]),
        ("gnarlissimo", ["X-4"]),
        ("Zoe Quill", []),
        ("Ada Lovelace", []),
        ("---", []),
    ],
)
def test_a_name_is_found_under_each_of_its_aliases(name: str, references: list[str]) -> None:
    assert NAMES.hits(name) == references


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("for the new boat, thanks, Conor O'Gnarl!", True),
        ("invoice 17 / OGNARL, CONOR / urgent", True),
        ("Zoe Thrumbolt Quill", True),
        ("Conor and the O'Gnarl family", False),
        ("Zoe paid Thrumbolt and Quill", False),
        ("gnarlissimo", False),
        ("lunch", False),
        ("", False),
    ],
)
def test_free_text_names_somebody_by_two_words_that_stand_together(text: str, found: bool) -> None:
    assert bool(NAMES.mentions(text)) is found


def test_the_shipped_list_is_invented_and_every_name_on_it_is_found() -> None:
    shipped = shipped_list()
    assert 50 <= len(shipped.entries) <= 80
    assert len({entry.reference for entry in shipped.entries}) == len(shipped.entries)
    assert all(entry.reference.startswith("INV-") for entry in shipped.entries)
    for entry in shipped.entries:
        for name in (entry.name, *entry.aliases):
            assert entry.reference in shipped.hits(name.upper())


def test_the_version_of_a_list_is_its_content() -> None:
    first = WatchList.read("reference,name,aliases\nX-1,Zorblat,\n")
    same = WatchList.read("reference,name,aliases\nX-1,Zorblat,\n")
    other = WatchList.read("reference,name,aliases\nX-1,Zorblat,Zorb\n")
    assert first.version == same.version != other.version


@pytest.mark.parametrize("text", ["name,aliases\nZorblat,\n", "reference,name,aliases\nX-1,...,\n"])
def test_a_list_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(ListError):
        WatchList.read(text)
