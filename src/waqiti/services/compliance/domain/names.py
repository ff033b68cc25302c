"""Names in the form in which they are compared."""

import unicodedata
from functools import lru_cache
from typing import Final

import msgspec

from waqiti.services.compliance.domain.letters import (
    ARTICLE,
    CONSONANTAL,
    CYRILLIC,
    LETTERS,
    join_greek_pairs,
    romanized,
)
from waqiti.services.compliance.domain.words import LEGAL_FORMS, SPELLINGS

MAX_CHARACTERS: Final = 400
MAX_WORDS: Final = 100
"""What is beyond these of a name is not looked at."""

_MOST_KEPT: Final = 20_000

# Full stops and every kind of apostrophe.
_JOINED: Final = frozenset("'`.\u2019\u2018\u02bc\u00b4\u00b7\u02bb\u02be\u02bf")
_SERVANT_OF: Final = ("abdul", "abdel", "abdal", "abdol", "abdur", "abder", "abdoul", "abdoel")
_SHORTEST_REST: Final = 4
_ARTICLE_LATIN: Final = "al"


class Name(msgspec.Struct, frozen=True, gc=False):
    """The words of a name in their order, as they are written; ``consonantal`` where its script leaves vowels out."""

    words: tuple[str, ...]
    consonantal: bool = False

    @property
    def key(self) -> str:
        """What is equal for names that are the same but for the order and the usual spellings of their words."""
        return " ".join(sorted(map(spelling, self.words)))


class _Plain(dict[int, str]):
    """What becomes of each character, found out once."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = LETTERS.get(character)
        if plain is None:
            plain = _plain(character)
        if len(self) < _MOST_KEPT:
            self[code] = plain
        return plain


_PLAIN: Final = _Plain()
_WRITTEN: Final = {ord(letter): written for letter, written in CYRILLIC.items()}


def _plain(character: str) -> str:
    if character.isalnum():
        return romanized(character) or character
    if character in _JOINED or unicodedata.category(character) in ("Mn", "Cf"):
        return ""
    return " "


def tokens(text: str) -> list[str]:
    """Split ``text`` into words without case, accents and punctuation; apostrophes and dots join, all else parts.

    Letters of other scripts become Latin ones, where ``letters`` knows them.
    """
    folded = text.casefold()
    if folded.isascii():
        return folded.translate(_PLAIN).split()
    # Cyrillic first, for й would fall apart; then the marks of all others come off; then what is one letter is joined.
    folded = unicodedata.normalize("NFKC", folded).casefold().translate(_WRITTEN)
    folded = unicodedata.normalize("NFKD", folded).casefold()
    bare = "".join(character for character in folded if unicodedata.category(character) != "Mn")
    return join_greek_pairs(unicodedata.normalize("NFC", bare)).translate(_PLAIN).split()


def parse(text: str) -> Name:
    """Return the words by which ``text`` is compared."""
    consonantal = not text.isascii() and not CONSONANTAL.isdisjoint(text)
    text = text[:MAX_CHARACTERS]
    if consonantal:
        text = " ".join(_without_article(word) for word in text.split())
    return Name(tuple(tokens(text)[:MAX_WORDS]), consonantal)


def spelling(word: str) -> str:
    """Return the one spelling of a word that has several."""
    return LEGAL_FORMS.get(word) or SPELLINGS.get(word, word)


def stem(word: str) -> str:
    """Return what follows "servant of" where both are written as one: ``rahman`` of ``abdurrahman``."""
    if word.startswith("abd") and word.startswith(_SERVANT_OF) and word not in SPELLINGS:
        rest = word[6:] if word[3:5] in ("ou", "oe") else word[5:]
        if len(rest) >= _SHORTEST_REST:
            return rest
    return word


def comparison_key(name: str) -> str:
    """Return what is equal for names that differ in case, accents, punctuation, spelling or the order of words only."""
    return parse(name).key


@lru_cache(_MOST_KEPT)
def consonants(word: str) -> str:
    """Return what a script without vowels would keep of a word; letters that such scripts do not tell apart are one.

    W and y are consonants where a word begins; h is none where it ends.
    """
    for pair, single in _SOUNDS:
        if pair in word:
            word = word.replace(pair, single)
    first = _BEGINNINGS.get(word[:1], "")
    return first + _squeezed(word[len(first) :].removesuffix("h").translate(_SKELETON))


@lru_cache(_MOST_KEPT)
def sound(word: str) -> str:
    """Return what spellings of a word have in common: doubled letters, vowels inside and h after a letter are let go.

    Its first and its last vowel count, by three kinds: a and e, i and y, o and u.
    """
    for pair, single in _SOUNDS:
        if pair in word:
            word = word.replace(pair, single)
    word = word.translate(_VOWELS)
    inner = word[1:-1].translate(_INNER)
    return _squeezed(word[:1] + inner + word[-1:] if len(word) > 1 else word)


_SOUNDS: Final = (
    ("shch", "s"),
    ("tsch", "c"),
    ("sch", "s"),
    ("ph", "f"),
    ("ck", "k"),
    ("kh", "k"),
    ("gh", "g"),
    ("dh", "d"),
    ("th", "t"),
    ("sh", "s"),
    ("zh", "z"),
    ("ch", "c"),
    ("cz", "c"),
    ("dj", "j"),
    ("ts", "z"),
    ("tz", "z"),
    ("ks", "x"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
)
_VOWELS: Final = str.maketrans("eyowqg", "aiuvkk")
_INNER: Final = str.maketrans({"a": "*", "i": "*", "u": "*"})
_SKELETON: Final = str.maketrans("cqpjx", "kkfgk", "aeiouywv")
_BEGINNINGS: Final = {"w": "w", "v": "w", "y": "y"}


def _squeezed(word: str) -> str:
    return "".join(letter for index, letter in enumerate(word) if index == 0 or letter != word[index - 1])


def _without_article(word: str) -> str:
    rest = word.removeprefix(ARTICLE)
    return f"{_ARTICLE_LATIN} {rest}" if rest != word and len(rest) > 2 else word  # noqa: PLR2004
