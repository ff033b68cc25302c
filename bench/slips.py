"""Names as people get them wrong: words in another order, a letter dropped, another one, one too many, two swapped."""

import random
from typing import Final

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def shuffled(name: str, chance: random.Random) -> str:
    """Return the words of ``name`` in any order, without commas."""
    words = name.replace(",", " ").split()
    chance.shuffle(words)
    return " ".join(words)


def without_a_letter(name: str, chance: random.Random) -> str:
    """Return ``name`` with one letter dropped."""
    place = _letter(name, chance)
    return name[:place] + name[place + 1 :]


def with_a_typo(name: str, chance: random.Random) -> str:
    """Return ``name`` with one letter dropped, changed, added or swapped with its neighbour."""
    place = _letter(name, chance)
    before, letter, after = name[:place], name[place], name[place + 1 :]
    other = chance.choice(_LETTERS)
    return chance.choice(
        (
            before + after,
            before + other + after,
            before + letter + other + after,
            before + after[:1] + letter + after[1:],
        )
    )


def _letter(name: str, chance: random.Random) -> int:
    return chance.choice([place for place, character in enumerate(name) if character.isalnum()])
