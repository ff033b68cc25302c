"""Names in the form in which they are compared."""

import unicodedata
from typing import Final

# Letters that are an ASCII letter with a stroke or two letters in one, which NFKD leaves alone.
_FOLDED: Final = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "\u0131": "i",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
}
# Full stops and every kind of apostrophe.
_JOINED: Final = frozenset("'`.\u2019\u2018\u02bc\u00b4\u00b7")


class _Plain(dict[int, str]):
    """What becomes of each character, found out once."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isalnum():
            plain = _FOLDED.get(character, character)
        elif character in _JOINED or unicodedata.category(character) in ("Mn", "Cf"):
            plain = ""
        else:
            plain = " "
        self[code] = plain
        return plain


_PLAIN: Final = _Plain()


def tokens(text: str) -> list[str]:
    """Split ``text`` into words without case, accents and punctuation; apostrophes and dots join, all else parts."""
    folded = text.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded).casefold()
    return folded.translate(_PLAIN).split()


def comparison_key(name: str) -> str:
    """Return what is equal for names that differ in case, accents, punctuation or the order of their words only."""
    return " ".join(sorted(tokens(name)))
