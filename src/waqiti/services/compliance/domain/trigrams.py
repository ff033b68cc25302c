"""Words of a list that a word may stand for: the same, one that sounds so, or one that differs by a slip or two."""

from array import array
from collections.abc import Iterable
from typing import Final

from rapidfuzz.distance import OSA

from waqiti.services.compliance.domain.names import consonants, sound, spelling, stem
from waqiti.services.compliance.domain.slips import word_likeness

_SHORT: Final = 5
_LONG: Final = 9
_MOST: Final = 400
NONE: Final["array[int]"] = array("I")


class WordIndex:
    """Words by number, in the order in which they came.

    Longer words are found by trigrams, the rarest first: with ``slips`` letters wrong at least ``n - 3 * slips`` of the
    n trigrams of a word are left, so one of its ``3 * slips + 1`` rarest is among them. Words of up to 5 letters hardly
    have any left; they are found by what remains of them without one letter.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}
        self._spellings: dict[str, array[int]] = {}
        self._consonants: dict[str, array[int]] = {}
        self._forms = _Forms()

    def __len__(self) -> int:
        return len(self.words)

    def add(self, word: str) -> int:
        """Take a word, once; return its number."""
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self.words)
            self.words.append(word)
            put(self._spellings, spelling(word), number)
            put(self._consonants, consonants(word), number)
            for form in {word, stem(word)}:
                self._forms.add(form, number)
        return number

    def number(self, word: str) -> int | None:
        """Return the number of a word; None where no name has it."""
        return self._numbers.get(word)

    def has(self, word: str) -> bool:
        """Tell whether a name has the word, in any of its usual spellings."""
        return spelling(word) in self._spellings

    def similar(self, word: str) -> list[tuple[int, float]]:
        """Return numbers of words that are like ``word``, each with how much (above 0)."""
        candidates = set(self._spellings.get(spelling(word), NONE))
        for form in {word, stem(word)}:
            candidates.update(self._forms.near(form))
        likely = ((number, word_likeness(word, self.words[number])) for number in candidates)
        return [(number, alike) for number, alike in likely if alike > 0]

    def with_consonants(self, word: str) -> Iterable[int]:
        """Return numbers of words that a script without vowels would write as ``word``; bounded."""
        return self._consonants.get(consonants(word), NONE)[:_MOST]


class _Forms:
    """Words and their stems, and the numbers of the words that have them."""

    def __init__(self) -> None:
        self._forms: list[str] = []
        self._words: list[array[int]] = []
        self._places: dict[str, int] = {}
        self._trigrams: dict[str, array[int]] = {}
        self._lessened: dict[str, array[int]] = {}
        self._sounds: dict[str, array[int]] = {}

    def add(self, form: str, number: int) -> None:
        """Take a form of the word of this number."""
        place = self._places.get(form)
        if place is not None:
            self._words[place].append(number)
            return
        place = self._places[form] = len(self._forms)
        self._forms.append(form)
        self._words.append(array("I", (number,)))
        put(self._sounds, sound(form), place)
        for part in _lessened(form) if len(form) <= _SHORT else ():
            put(self._lessened, part, place)
        for trigram in _trigrams(form):
            put(self._trigrams, trigram, place)

    def near(self, form: str) -> Iterable[int]:
        """Return the numbers of words that have a form near to this one."""
        slips = 1 if len(form) <= _SHORT else 2
        places = set(self._sounds.get(sound(form), NONE))
        places.update(place for place in self._drawn(form) if OSA.distance(form, self._forms[place]) <= slips)
        for place in places:
            yield from self._words[place]

    def _drawn(self, form: str) -> set[int]:
        found: set[int] = set()
        if len(form) <= _SHORT + 1:
            for part in _lessened(form):
                found.update(self._lessened.get(part, NONE))
        if len(form) < _SHORT:
            return found
        slips = 2 if len(form) >= _LONG else 1
        postings = sorted((self._trigrams.get(trigram, NONE) for trigram in _trigrams(form)), key=len)
        for posting in postings[: 3 * slips + 1]:
            found.update(posting)
            if len(found) > _MOST:
                break
        return found


def put(index: dict[str, "array[int]"], key: str, number: int) -> None:
    """Append a number to what is kept under a key."""
    if key in index:
        index[key].append(number)
    else:
        index[key] = array("I", (number,))


def _trigrams(word: str) -> set[str]:
    padded = f"^{word}$"
    return {padded[start : start + 3] for start in range(len(padded) - 2)}


def _lessened(word: str) -> set[str]:
    """Return ``word``, and what is left of it without one letter."""
    return {word, *(word[:index] + word[index + 1 :] for index in range(len(word)))}
