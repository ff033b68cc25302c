"""Names on a list, and what is found on it."""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from heapq import nlargest
from typing import Final, Literal, TypeAlias

import msgspec

from waqiti.contracts.compliance import ScreeningOutcome
from waqiti.services.compliance.domain.likeness import CONFIRMED, POSSIBLE, SLIGHT, Likeness, outcome_of, rarity
from waqiti.services.compliance.domain.names import Name, parse, tokens
from waqiti.services.compliance.domain.trigrams import NONE, WordIndex
from waqiti.services.compliance.domain.words import COMMON

Kind = Literal["individual", "entity", "vessel", "aircraft"]

MOST_FOUND: Final = 10
_CANDIDATES: Final = 20
_LEAST_PROMISE: Final = 0.2
_TELLING: Final = 1.6
_WHOLLY: Final = 0.4
_PAUSE_EVERY: Final = 50
_LONGEST_TEXT: Final = 2_000
_MOST_NAMED: Final = 20
_MOST_SEEDS: Final = 20
_RARE: Final = 0.5
_LEAST_MENTIONED: Final = 0.5
_SHIPS: Final = frozenset(("vessel", "aircraft"))


class ListError(Exception):
    """A list of names that cannot be used; the message says why."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Somebody or something on a list: a reference, a name, the other names, and what it is."""

    reference: str
    name: str
    aliases: tuple[str, ...] = ()
    kind: Kind = "individual"


EntryKey: TypeAlias = tuple[str, str]
"""Names an entry for good: the source of its list, and its reference there."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """An entry like a name: by which of its names, how much (0 to 1), and what that means."""

    source: str
    reference: str
    kind: Kind
    name: str
    score: float
    outcome: ScreeningOutcome


_STRENGTH: Final[dict[ScreeningOutcome, int]] = {"clear": 0, "possible": 1, "confirmed": 2}


def strongest(outcomes: Iterable[ScreeningOutcome]) -> ScreeningOutcome:
    """Return what outcomes mean together; nothing found is clear."""
    return max(outcomes, key=_STRENGTH.__getitem__, default="clear")


def not_paused() -> None:
    """Go on: nobody else waits for this thread."""


class WatchList:
    """Entries by all their names; ``version`` says what was loaded, ``sources`` where each entry is from.

    Building it for 20,000 names takes a second; ``pause`` is called every few milliseconds of that.
    """

    def __init__(
        self,
        version: str,
        entries: Iterable[Entry],
        pause: Callable[[], None] = not_paused,
        sources: Iterable[str] | None = None,
    ) -> None:
        self.version = version
        self.entries = tuple(entries)
        self._sources = tuple(sources) if sources is not None else ("",) * len(self.entries)
        assert len(self._sources) == len(self.entries)
        self._names: list[Name] = []
        self._owners = array("I")
        self._texts: list[str] = []
        self._words = WordIndex()
        self._by_word: list[array[int]] = []
        self._by_key: dict[str, array[int]] = {}
        self._joined: dict[str, array[int]] = {}
        for owner, entry in enumerate(self.entries):
            for text in dict.fromkeys((entry.name, *entry.aliases)):
                self._add(owner, text)
            if owner % _PAUSE_EVERY == 0:
                pause()
        counts = {word: len(found) for word, found in zip(self._words.words, self._by_word, strict=True)}
        self._weigh = rarity(counts)
        self._lengths = array("f", (sum(map(self._weigh, name.words)) for name in self._names))
        self._mentioned = sorted({len(name.words) for name in self._names if len(name.words) > 1})
        self._likeness = Likeness(self._weigh)

    @property
    def name_count(self) -> int:
        """How many names all entries have together."""
        return len(self._names)

    def screen(self, text: str, cleared: Collection[EntryKey] = ()) -> list[Match]:
        """Return the entries that may be meant by ``text``, the most alike first: at most 10, none of ``cleared``."""
        return [match for match in self.search(text, _CANDIDATES, cleared) if match.outcome != "clear"][:MOST_FOUND]

    def search(self, text: str, limit: int, cleared: Collection[EntryKey] = ()) -> list[Match]:
        """Return the entries most like ``text``, whatever that means, the most alike first."""
        name = parse(text)
        best: dict[int, tuple[float, int]] = {}
        for number in self._candidates(name, cleared):
            owner = self._owners[number]
            score = self._likeness.score(name, self._names[number])
            if score > best.get(owner, (0.0, 0))[0]:
                best[owner] = score, number
        ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
        return [self._match(name, number, score) for _, (score, number) in ranked[:limit]]

    def mentions(self, text: str) -> list[Match]:
        """Return the people and organisations that free text names by words in a row; ships are not looked for.

        Nothing is compared unless a word of the text is, exactly, a rare word of a name, or words in a row are a name.
        """
        words = tokens(text[:_LONGEST_TEXT])
        if not any(map(self._words.has, words)):
            return []
        found: dict[int, float] = dict.fromkeys(self._written_out(words), 1.0)
        for number, place in self._seeds(words):
            score = self._nearest(words, place, self._names[number])
            if score >= POSSIBLE:
                found[number] = max(score, found.get(number, 0.0))
        matches = [self._match(self._names[number], number, score) for number, score in found.items()]
        return sorted(matches, key=lambda match: -match.score)[:MOST_FOUND]

    def read_texts(self, texts: Iterable[str]) -> dict[str, ScreeningOutcome]:
        """Return what each text says, by ``mentions``."""
        return {text: strongest(match.outcome for match in self.mentions(text)) for text in texts}

    def _written_out(self, words: Sequence[str]) -> Iterator[int]:
        """Return the names of two words or more that ``words`` hold in a row, in any order."""
        for length in self._mentioned:
            for start in range(len(words) - length + 1):
                part = words[start : start + length]
                if all(map(self._words.has, part)):
                    yield from filter(self._may_be_mentioned, self._by_key.get(Name(tuple(part)).key, NONE))

    def _seeds(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """Return names that have a rare word of the text, and where it stands there; bounded."""
        found: list[tuple[int, int]] = []
        written = frozenset(words)
        for place, word in enumerate(words):
            number = self._words.number(word)
            if number is not None and len(self._by_word[number]) <= _MOST_NAMED and self._weigh(word) >= _RARE:
                found += [(name, place) for name in self._by_word[number] if self._may_be_meant(name, written)]
        return found[:_MOST_SEEDS]

    def _nearest(self, words: Sequence[str], place: int, name: Name) -> float:
        """Return the score of the words around ``place``, as many as ``name`` has, that are most like it."""
        length = len(name.words)
        starts = range(max(0, place - length + 1), min(place, len(words) - length) + 1)
        return max(
            (self._likeness.score(Name(tuple(words[start : start + length])), name) for start in starts), default=0.0
        )

    def _may_be_mentioned(self, number: int) -> bool:
        words = self._names[number].words
        return (
            len(words) > 1
            and self.entries[self._owners[number]].kind not in _SHIPS
            and self._lengths[number] >= _LEAST_MENTIONED
        )

    def _may_be_meant(self, number: int, written: frozenset[str]) -> bool:
        """Tell whether at most one of the words of a name that tell people apart is missing, of two or more."""
        weighty = [word for word in self._names[number].words if self._weigh(word) > SLIGHT]
        missing = sum(word not in written for word in weighty)
        return len(weighty) > 1 and missing <= 1 and self._may_be_mentioned(number)

    def _match(self, name: Name, number: int, score: float) -> Match:
        owner = self._owners[number]
        entry = self.entries[owner]
        return Match(
            source=self._sources[owner],
            reference=entry.reference,
            kind=entry.kind,
            name=self._texts[number],
            score=score,
            outcome=_outcome(entry, name, self._names[number], score),
        )

    def _candidates(self, name: Name, cleared: Collection[EntryKey]) -> Iterable[int]:
        """Return the numbers of the names that share most with ``name``, by weight, but for those of ``cleared``."""
        shares: dict[int, float] = {}
        whole = sum(map(self._weigh, name.words))
        for word in dict.fromkeys(name.words):
            weight = self._weigh(word) * name.words.count(word)
            if weight > SLIGHT or whole == weight:
                self._share(shares, self._similar(word, name.consonantal), weight)
        for candidate in self._written_apart(name):
            shares[candidate] = shares.get(candidate, 0.0) + whole / 2
        likely = {
            candidate: promise
            for candidate, share in shares.items()
            if (promise := _promise(share, whole, self._lengths[candidate])) >= _LEAST_PROMISE
        }
        same: Iterable[int] = self._by_key.get(name.key, NONE)
        if cleared:
            same = [number for number in same if self._key_of(number) not in cleared]
            likely = {number: promise for number, promise in likely.items() if self._key_of(number) not in cleared}
        best = nlargest(_CANDIDATES, likely, key=likely.__getitem__)
        return dict.fromkeys((*same, *best))

    def _key_of(self, number: int) -> EntryKey:
        owner = self._owners[number]
        return self._sources[owner], self.entries[owner].reference

    def _share(self, shares: dict[int, float], similar: Sequence[tuple[int, float]], weight: float) -> None:
        for number, alike in similar:
            share = weight * alike
            for candidate in self._by_word[number]:
                shares[candidate] = shares.get(candidate, 0.0) + share

    def _similar(self, word: str, consonantal: bool) -> Sequence[tuple[int, float]]:
        if consonantal:
            return [(number, 1.0) for number in self._words.with_consonants(word)]
        return self._words.similar(word)

    def _written_apart(self, name: Name) -> Iterable[int]:
        """Return names that have two words of ``name`` as one, or one as two."""
        for word in name.words:
            yield from self._joined.get(word, NONE)
        for first, second in zip(name.words, name.words[1:], strict=False):
            number = self._words.number(first + second)
            if number is not None:
                yield from self._by_word[number]

    def _add(self, owner: int, text: str) -> None:
        name = parse(text)
        if not name.words:
            raise ListError(f"entry {self.entries[owner].reference} has an empty name")
        number = len(self._names)
        self._names.append(name)
        self._texts.append(text)
        self._owners.append(owner)
        for word in dict.fromkeys(name.words):
            place = self._words.add(word)
            if place == len(self._by_word):
                self._by_word.append(array("I"))
            self._by_word[place].append(number)
        self._by_key.setdefault(name.key, array("I")).append(number)
        for first, second in zip(name.words, name.words[1:], strict=False):
            self._joined.setdefault(first + second, array("I")).append(number)


def _promise(share: float, whole: float, length: float) -> float:
    """Return how likely it is that a name of ``length`` is meant that shares so much of ``whole``, all by weight.

    A name that says something and is there entirely is promising, whatever stands around it.
    """
    part = share / length if length >= _TELLING else 0.0
    return max(share / (whole + length), min(part, 1.0) * _WHOLLY)


def _outcome(entry: Entry, name: Name, found: Name, score: float) -> ScreeningOutcome:
    """Return what a score means for an entry: ships have people's names, and a common word alone is nobody's."""
    if entry.kind in _SHIPS:
        return "possible" if name.key == found.key and len(name.words) > 1 else "clear"
    if len(found.words) == 1 and found.words[0] in COMMON:
        return "possible" if score >= POSSIBLE else "clear"
    return outcome_of(score)


__all__ = [
    "CONFIRMED",
    "POSSIBLE",
    "Entry",
    "EntryKey",
    "Kind",
    "ListError",
    "Match",
    "WatchList",
    "not_paused",
    "strongest",
]
