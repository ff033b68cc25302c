"""Letters of other scripts, and Latin ones that are no ASCII letter, as the ASCII letters that are written for them.

Cyrillic, Greek, Arabic (with Persian and Urdu letters) and Hebrew follow what passports and newspapers print, which is
close to ISO 9, ISO 843 and the tables of ALA-LC without their marks. Arabic and Hebrew write consonants: what comes of
them is compared by consonants (``names.consonants``). Hangul follows the Revised Romanization, syllable by syllable.
"""

from typing import Final

_LATIN: Final = "ø o ł l đ d ð d þ th æ ae œ oe \u0131 i ħ h ŧ t ŋ n ß ss ə a ƶ z ɓ b ɗ d ƙ k"
_CYRILLIC: Final = (
    "а a б b в v г g д d е e ё e ж zh з z и i й y к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh "
    "щ shch ъ - ы y ь - э e ю yu я ya і i ї i є e ґ g ў u ђ dj ј j љ lj њ nj ћ c џ dz ѓ g ќ k ѕ dz "
    "ә a ғ g қ k ң n ө o ұ u ү u һ h"
)
_GREEK: Final = "α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o"
_ARABIC: Final = (
    "ا a ب b ت t ث th ج j ح h خ kh د d ذ dh ر r ز z س s ش sh ص s ض d ط t ظ z ع a غ gh ف f ق q ك k ل l م m ن n ه h "
    "و w ي y ى a ة a ء - پ p چ ch ژ zh گ g ک k ی y ٹ t ڈ d ڑ r ں n ہ h ھ h ے e ۀ a"
)
_HEBREW: Final = (
    "א a ב b ג g ד d ה h ו v ז z ח h ט t י y כ k ך k ל l מ m ם m נ n ן n ס s ע a פ p ף f צ ts ץ ts ק k ר r ש sh ת t"
)
_GREEK_PAIRS: Final = {"ου": "ou", "μπ": "b", "ντ": "nt", "γκ": "gk", "γγ": "ng", "αυ": "av", "ευ": "ev", "ηυ": "iv"}


def _split(text: str) -> list[str]:
    return text.split()


_INITIALS: Final = _split("g kk n d tt r m b pp s ss - j jj ch k t p h")
_MEDIALS: Final = _split("a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i")
_FINALS: Final = _split("- k k k n n n t l k m l l l p l m p p t t ng t t k t p t")
_FIRST_SYLLABLE: Final = 0xAC00
_LAST_SYLLABLE: Final = 0xD7A3


def _table(*texts: str) -> dict[str, str]:
    pairs = [text.split() for text in texts]
    return {
        letter: written.replace("-", "")
        for words in pairs
        for letter, written in zip(words[::2], words[1::2], strict=True)
    }


LETTERS: Final = _table(_LATIN, _CYRILLIC, _GREEK, _ARABIC, _HEBREW)
"""What is written for a letter; nothing for a sign that only changes the one before it."""

CYRILLIC: Final = _table(_CYRILLIC)
"""Letters of which some are written with marks that must not be taken off."""

CONSONANTAL: Final = frozenset(_table(_ARABIC, _HEBREW))
"""Letters of scripts that leave vowels out."""

ARTICLE: Final = "ال"
"""The Arabic article as it is written, joined to the word that follows."""


def join_greek_pairs(text: str) -> str:
    """Write out the pairs of Greek letters that are one sound."""
    for pair, written in _GREEK_PAIRS.items():
        text = text.replace(pair, written)
    return text


def romanized(syllable: str) -> str | None:
    """Return a syllable of Hangul as a word in Latin letters; None for any other character."""
    code = ord(syllable)
    if not _FIRST_SYLLABLE <= code <= _LAST_SYLLABLE:
        return None
    initial, rest = divmod(code - _FIRST_SYLLABLE, len(_MEDIALS) * len(_FINALS))
    medial, final = divmod(rest, len(_FINALS))
    written = (_INITIALS[initial] + _MEDIALS[medial] + _FINALS[final]).replace("-", "")
    return f" {written} "
