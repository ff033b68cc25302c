"""How alike two words are: one written with a slip, by its sound, or in a script that leaves vowels out."""

from functools import lru_cache
from typing import Final

import msgspec
from rapidfuzz.distance import OSA

from waqiti.services.compliance.domain.names import consonants, sound, spelling, stem
from waqiti.services.compliance.domain.words import COMMON

# What is left of a word where it only sounds the same: of a long one, of one with more letters changed, of a short one.
_SAME_SOUND: Final = 0.95
_HARDLY_SAME_SOUND: Final = 0.90
_SHORT_HEARD: Final = 0.75
_SHORT_SOUND: Final = 4
_MOST_UNHEARD: Final = 3

# The same by its consonants: one, two, more.
_SAME_CONSONANTS: Final = {1: 0.70, 2: 0.85}
_MANY_SAME_CONSONANTS: Final = 0.96

# Two words that are both common are two names; an ending may be that of a woman's name.
_OTHER_NAME: Final = 0.55
_OTHER_ENDING: Final = 0.70
_LONGEST_GIVEN: Final = 7

# What one letter more or less, one other letter, two and three leave of a word, by the length of the longer word.
_ONE_LESS: Final = {1: 0.0, 2: 0.60, 3: 0.72, 4: 0.85}
_ONE_OTHER: Final = {1: 0.0, 2: 0.0, 3: 0.40, 4: 0.66, 5: 0.80}
_ONE_OFF: Final = 0.90
_TWO_OFF: Final = {**dict.fromkeys(range(1, 6), 0.0), 6: 0.55, 7: 0.66, 8: 0.74}
_TWO_OFF_LONG: Final = 0.80
_THREE_OFF: Final = 0.70
_THREE_FROM: Final = 11
_ONE, _TWO, _MOST_SLIPS = 1, 2, 3

_MOST_KEPT: Final = 20_000


class _Word(msgspec.Struct, frozen=True, gc=False):
    """What is compared of a word: itself, its one spelling, its stem, its sound, and whether many names have it."""

    text: str
    spelled: str
    bare: str
    heard: str
    common: bool


@lru_cache(_MOST_KEPT)
def _word(text: str) -> _Word:
    spelled = spelling(text)
    return _Word(text, spelled, stem(text), sound(text), spelled in COMMON)


def word_likeness(left: str, right: str) -> float:
    """Return how alike two words are, from 0 to 1; symmetric."""
    one, other = _word(left), _word(right)
    if one.spelled == other.spelled:
        return 1.0
    if abs(len(left) - len(right)) > _MOST_SLIPS and one.bare == left and other.bare == right:
        return 0.0
    alike = _likeness(one, other)
    if alike >= _SAME_SOUND or (one.bare == left and other.bare == right):
        return alike
    both = (one.bare != left) == (other.bare != right)
    rest = 1.0 if one.bare == other.bare else _likeness(_word(one.bare), _word(other.bare))
    return max(alike, rest if both else rest * _SAME_SOUND)


def _likeness(one: _Word, other: _Word) -> float:
    left, right = one.text, other.text
    longer, shorter = max(len(left), len(right)), min(len(left), len(right))
    distance = OSA.distance(left, right, score_cutoff=_MOST_SLIPS)
    alike = _spelled(distance, longer, indel=longer != shorter) if distance <= _MOST_SLIPS else 0.0
    if one.heard == other.heard and longer - shorter <= _MOST_UNHEARD:
        alike = max(alike, _heard(shorter, distance))
    if one.common and other.common:
        alike *= _OTHER_NAME
    return alike * _OTHER_ENDING if distance == 1 and _of_other_gender(left, right) else alike


def _heard(shorter: int, distance: int) -> float:
    if shorter <= _SHORT_SOUND:
        return _SHORT_HEARD
    return _SAME_SOUND if distance <= _TWO else _HARDLY_SAME_SOUND


def _of_other_gender(left: str, right: str) -> bool:
    """Tell whether words differ in an "a" at their end: Ivanov and Ivanova, Daniel and Daniela, Mario and Maria."""
    if len(left) == len(right):
        return (
            len(left) <= _LONGEST_GIVEN
            and {left[-1], right[-1]} in ({"a", "o"}, {"a", "e"})
            and left[:-1] == right[:-1]
        )
    return left + "a" == right or right + "a" == left


def _spelled(distance: int, longer: int, *, indel: bool) -> float:
    if distance == _ONE:
        return (_ONE_LESS if indel else _ONE_OTHER).get(longer, _ONE_OFF)
    if distance == _TWO:
        return _TWO_OFF.get(longer, _TWO_OFF_LONG)
    return _THREE_OFF if distance == _MOST_SLIPS and longer >= _THREE_FROM else 0.0


def consonant_likeness(left: str, right: str) -> float:
    """Return how alike two words are of which one is written without vowels; the fewer consonants, the less."""
    if left == right:
        return 1.0
    bare = consonants(left)
    if bare and bare == consonants(right):
        return _SAME_CONSONANTS.get(len(bare), _MANY_SAME_CONSONANTS)
    return word_likeness(left, right)
