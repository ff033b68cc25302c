"""How alike two names are, from 0 to 1, as a person would say who reads lists of names.

Words are paired with words, wherever they stand. A pair counts by how alike its words are and by how rare they are;
what has no pair counts against it, less so where one name only leaves words out. The score is the share of the weight
that found its pair: a variant of the soft TF-IDF of Cohen, Ravikumar and Fienberg (2003), with one-to-one pairs.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import permutations
from math import log2
from typing import Final

import msgspec
from rapidfuzz.distance import OSA

from waqiti.contracts.compliance import ScreeningOutcome
from waqiti.services.compliance.domain.names import Name, spelling
from waqiti.services.compliance.domain.slips import consonant_likeness, word_likeness
from waqiti.services.compliance.domain.words import COMMON, FIRM_WORDS, LEGAL_FORMS, PARTICLES

POSSIBLE: Final = 0.80
CONFIRMED: Final = 0.97
"""The two thresholds: what is alike to this degree is looked at by people, and what is to this one is blocked."""

Weigh = Callable[[str], float]

# What words count: a rare one, a rare one of up to three letters, one that many names share, a particle.
_RARE: Final = 1.0
_BRIEF: Final = 0.7
_USUAL: Final = 0.4
_PARTICLE: Final = 0.05
SLIGHT: Final = 0.12
"""What a legal form counts; whatever counts no more tells nobody apart."""

_SHORT_WORD: Final = 3
# A word of a list counts less with each doubling of the names that have it.
_PER_DOUBLING: Final = 0.11
_LEAST: Final = 0.3

# Words less alike than this are no pair; from the second on, they are the same word.
_WEAKEST: Final = 0.5
_EXACT: Final = 0.99
# A word without a pair counts at least this; where it is only left out, this share of it is enough, if pairs of the
# weight _ENOUGH were found; with less than _LITTLE it counts whole.
_LEAST_ALONE: Final = 0.6
_LEFT_OUT: Final = 0.35
_LITTLE: Final = 0.8
_ENOUGH: Final = 1.6
# However much stands around a name that says enough, it takes no more than this share away: padding hides nobody.
_PADDED: Final = 0.2
# What is left of a score by a single pair, between a firm and a person, and without every word being the same.
_LONELY: Final = 0.75
_DIFFERENT_KIND: Final = 0.9
_NOT_THE_SAME: Final = 0.965

_JOINED: Final = 5
_MOST_JOINED: Final = 6


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
        tally = self._tally(ours, theirs, pairs, min if alike is consonant_likeness else _mean)
        score = tally.score()
        if _is_firm(ours) != _is_firm(theirs):
            score *= _DIFFERENT_KIND
        return score if tally.exact else min(score, _NOT_THE_SAME)

    def _tally(
        self,
        ours: list[str],
        theirs: list[str],
        pairs: list["_Pair"],
        between: Callable[[float, float], float],
    ) -> "_Tally":
        """Add up; a word without its vowels is on no table, so there the lesser of two weights is that of a pair."""
        weigh = self._weigh
        taken_left, taken_right = {pair.left for pair in pairs}, {pair.right for pair in pairs}
        weights = [between(weigh(ours[pair.left]), weigh(theirs[pair.right])) for pair in pairs]
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


def _mean(one: float, other: float) -> float:
    return (one + other) / 2


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
        if not only_left_out:
            return self.found / (self.paired + alone)
        lost = alone * self._left_out()
        return self.found / (self.paired + (min(lost, self.paired * _PADDED) if self.paired >= _ENOUGH else lost))

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
