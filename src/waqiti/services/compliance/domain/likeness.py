"""How alike two names are, from 0 to 1, as a person would say who reads lists of names.

Words are paired with words, wherever they stand. A pair counts by how alike its words are and by how rare they are;
what has no pair counts against it, less so where one name only leaves words out. The score is the share of the weight
that found its pair: a variant of the soft TF-IDF of Cohen, Ravikumar and Fienberg (2003), with one-to-one pairs.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import permutations
from math import log2
from typing import Final

import msgspec
from rapidfuzz.distance import OSA

from waqiti.contracts.compliance import ScreeningOutcome
from waqiti.services.compliance.domain.names import Name, consonants, sound, spelling, stem
from waqiti.services.compliance.domain.words import COMMON, FIRM_WORDS, LEGAL_FORMS, PARTICLES

POSSIBLE: Final = 0.80
CONFIRMED: Final = 0.97
"""The two thresholds: what is alike to this degree is looked at by people, and what is to this one is blocked."""

Weigh = Callable[[str], float]

_RARE: Final = 1.0
_BRIEF: Final = 0.7
_USUAL: Final = 0.4
_PARTICLE: Final = 0.05
SLIGHT: Final = 0.12
"""What a legal form counts; whatever counts no more tells nobody apart."""

_LEFT_OUT: Final = 0.35
_ENOUGH: Final = 1.6
_LITTLE: Final = 0.8
_LONELY: Final = 0.75
_DIFFERENT_KIND: Final = 0.9
_OTHER_NAME: Final = 0.55
_SAME_SOUND: Final = 0.95
_SAME_CONSONANTS: Final = 0.96
_FEW_CONSONANTS: Final = 0.88
_WEAKEST: Final = 0.5
_OTHER_ENDING: Final = 0.7
_MOST_UNHEARD: Final = 3
_SHORT_SOUND: Final = 4
_SHORT_HEARD: Final = 0.75
_SHORT_WORD: Final = 3
_LEAST_ALONE: Final = 0.6
_NOT_THE_SAME: Final = 0.965
_EXACT: Final = 0.99
_MOST_SLIPS: Final = 3
_LONGEST_GIVEN: Final = 7
_MOST_KEPT: Final = 20_000
_LONG_SOUND: Final = 3
_JOINED: Final = 5
_MOST_JOINED: Final = 6

# What one letter more or less, or one other letter, leaves of a word, by the length of the longer word.
_ONE_LESS: Final = {2: 0.60, 3: 0.72, 4: 0.85}
_ONE_OTHER: Final = {3: 0.40, 4: 0.66, 5: 0.80}
_ONE_OFF: Final = 0.90
_TWO_OFF: Final = {6: 0.55, 7: 0.66, 8: 0.74}
_TWO_OFF_LONG: Final = 0.80
_TWO_FROM: Final = 6
_THREE_FROM: Final = 11
_THREE_OFF: Final = 0.70


def outcome_of(score: float) -> ScreeningOutcome:
    """Return what a score means."""
    if score >= CONFIRMED:
        return "confirmed"
    return "possible" if score >= POSSIBLE else "clear"


def usual_weight(word: str) -> float:
    """Return how much a word counts where no list says how rare it is."""
    if word in PARTICLES:
        return _PARTICLE
    if word in LEGAL_FORMS:
        return SLIGHT
    if word in COMMON or spelling(word) in COMMON:
        return _USUAL
    return _RARE if len(word) > _SHORT_WORD else _BRIEF


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
    return _SAME_SOUND if distance <= 2 else _SAME_SOUND - 0.05  # noqa: PLR2004


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
    if distance == 1:
        return (_ONE_LESS if indel else _ONE_OTHER).get(longer, _ONE_OFF if longer > 2 else 0.0)  # noqa: PLR2004
    if distance == 2:  # noqa: PLR2004
        return _TWO_OFF.get(longer, _TWO_OFF_LONG if longer > _TWO_FROM else 0.0)
    return _THREE_OFF if distance == 3 and longer >= _THREE_FROM else 0.0  # noqa: PLR2004


def consonant_likeness(left: str, right: str) -> float:
    """Return how alike two words are of which one is written without vowels."""
    bare = consonants(left)
    if left == right or (bare == consonants(right) and len(bare) >= _LONG_SOUND):
        return _SAME_CONSONANTS if left != right else 1.0
    if bare and bare == consonants(right):
        return _FEW_CONSONANTS
    return word_likeness(left, right)


class Likeness:
    """Compares names by how rare their words are."""

    def __init__(self, weigh: Weigh = usual_weight) -> None:
        self._weigh = weigh

    def score(self, left: Name, right: Name) -> float:
        """Return the score, from 0 to 1; the same in both directions."""
        if not left.words or not right.words:
            return 0.0
        if left.key == right.key:
            return 1.0
        if (right.key, right.consonantal) < (left.key, left.consonantal):
            left, right = right, left
        return self._score(left, right)

    def _score(self, left: Name, right: Name) -> float:
        alike = consonant_likeness if left.consonantal != right.consonantal else word_likeness
        ours, theirs = _joined(left.words, right.words)
        pairs = _pairs(ours, theirs, alike)
        tally = self._tally(ours, theirs, pairs)
        score = tally.score()
        if _is_firm(ours) != _is_firm(theirs):
            score *= _DIFFERENT_KIND
        return score if tally.exact else min(score, _NOT_THE_SAME)

    def _tally(self, ours: list[str], theirs: list[str], pairs: list["_Pair"]) -> "_Tally":
        weigh = self._weigh
        taken_left, taken_right = {pair.left for pair in pairs}, {pair.right for pair in pairs}
        weights = [(weigh(ours[pair.left]) + weigh(theirs[pair.right])) / 2 for pair in pairs]
        return _Tally(
            found=sum(weight * pair.alike for weight, pair in zip(weights, pairs, strict=True)),
            paired=sum(weights),
            names=sum(weight > SLIGHT for weight in weights),
            left=sum(self._alone(word) for index, word in enumerate(ours) if index not in taken_left),
            right=sum(self._alone(word) for index, word in enumerate(theirs) if index not in taken_right),
            exact=all(pair.alike > _EXACT for pair in pairs),
        )

    def _alone(self, word: str) -> float:
        """Return what a word without a pair counts: a usual one says as well that this is another name."""
        weight = self._weigh(word)
        return weight if weight <= SLIGHT else max(weight, _LEAST_ALONE)


class _Pair(msgspec.Struct, frozen=True, gc=False):
    alike: float
    left: int
    right: int


class _Tally(msgspec.Struct, frozen=True, gc=False):
    """Weights: of pairs as far as they are alike, of pairs, of words without one on each side.

    ``names`` is how many pairs are more than particles and legal forms; ``exact``, that every pair is the same
    word.
    """

    found: float
    paired: float
    names: int
    left: float
    right: float
    exact: bool

    def score(self) -> float:
        alone = (self.left + self.right) / 2
        if not self.found:
            return 0.0
        if alone <= _PARTICLE * 2:
            return self.found / (self.paired + alone * _LEFT_OUT)
        only_left_out = min(self.left, self.right) <= SLIGHT
        if self.names < 2:  # noqa: PLR2004
            return _LONELY * self.found / (self.paired + alone)
        return self.found / (self.paired + alone * (self._left_out() if only_left_out else 1.0))

    def _left_out(self) -> float:
        """What a word left out counts: little where what is there says enough, all where it says next to nothing."""
        known = min(max((self.paired - _LITTLE) / (_ENOUGH - _LITTLE), 0.0), 1.0)
        return 1.0 - (1.0 - _LEFT_OUT) * known


def _pairs(ours: list[str], theirs: list[str], alike: Callable[[str, str], float]) -> list[_Pair]:
    """Pair words one to one, the most alike first."""
    found: list[_Pair] = []
    for index, word in enumerate(ours):
        for other, against in enumerate(theirs):
            likeness = alike(word, against)
            if likeness >= _WEAKEST:
                found.append(_Pair(likeness, index, other))
    found.sort(key=lambda pair: (-pair.alike, pair.left, pair.right))
    taken: list[_Pair] = []
    left: set[int] = set()
    right: set[int] = set()
    for pair in found:
        if pair.left not in left and pair.right not in right:
            left.add(pair.left)
            right.add(pair.right)
            taken.append(pair)
    return taken


def _joined(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the words of each in a fixed order, two written together where they are one word in the other name."""
    return _join(ours, set(theirs)), _join(theirs, set(ours))


def _join(words: tuple[str, ...], others: set[str]) -> list[str]:
    kept = sorted(words)
    loose = [word for word in kept if word not in others]
    wanted = [other for other in sorted(others) if len(other) >= _JOINED and other not in words]
    if len(loose) > 1 and wanted:
        for first, second in permutations(loose[:_MOST_JOINED], 2):
            if first in kept and second in kept and (first != second or kept.count(first) > 1):
                joined = first + second
                if any(_is_one(joined, other) for other in wanted):
                    kept.remove(first)
                    kept.remove(second)
                    kept.append(joined)
        kept.sort()
    return kept


def _is_one(word: str, other: str) -> bool:
    apart = abs(len(word) - len(other))
    return word[0] == other[0] and apart <= 1 and len(word) > _JOINED and OSA.distance(word, other, score_cutoff=1) <= 1


def _is_firm(words: list[str]) -> bool:
    return not LEGAL_FORMS.keys().isdisjoint(words) or not FIRM_WORDS.isdisjoint(words)


def rarity(counts: Mapping[str, int]) -> Weigh:
    """Return how much words count where names of a list hold each of them so and so often."""
    spelled: Counter[str] = Counter()
    for word, count in counts.items():
        spelled[spelling(word)] += count
    weights = {
        word: min(max(_LEAST, _RARE - _PER_DOUBLING * log2(spelled[spelling(word)])), usual_weight(word))
        for word in counts
    }

    def weigh(word: str) -> float:
        weight = weights.get(word)
        return usual_weight(word) if weight is None else weight

    return weigh


_LEAST: Final = 0.3
_PER_DOUBLING: Final = 0.11
