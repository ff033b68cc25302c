"""The list of names, and what is found on it."""

import csv
import hashlib
from collections.abc import Iterable
from typing import Final, Self

import msgspec

from waqiti.services.compliance.domain.names import comparison_key, tokens

_ALIAS_SEPARATOR: Final = "|"
_VERSION_CHARACTERS: Final = 16


class ListError(Exception):
    """A list of names that cannot be used; the message says why."""


class Entry(msgspec.Struct, frozen=True):
    """One person or organisation: a reference, a name, and the other names they go by."""

    reference: str
    name: str
    aliases: tuple[str, ...] = ()


class WatchList:
    """Entries by all their names; ``version`` is a hash of what was loaded."""

    def __init__(self, version: str, entries: Iterable[Entry]) -> None:
        self.version = version
        self.entries = tuple(entries)
        self._references: dict[str, list[str]] = {}
        for entry in self.entries:
            for name in (entry.name, *entry.aliases):
                self._add(entry, name)
        mentionable = [key.split() for key in self._references if " " in key]
        self._words = frozenset(word for words in mentionable for word in words)
        self._lengths = tuple(sorted({len(words) for words in mentionable}))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a CSV file with the columns reference, name and aliases (separated by ``|``).

        Raises:
            ListError: a column is missing, or an entry has no name.
        """
        version = hashlib.sha256(text.encode()).hexdigest()[:_VERSION_CHARACTERS]
        try:
            return cls(version, [_entry(row) for row in csv.DictReader(text.splitlines(), strict=True)])
        except (KeyError, csv.Error) as error:
            raise ListError(f"the list of names cannot be read: {error}") from error

    def hits(self, name: str) -> list[str]:
        """Return the references of the entries that go by ``name``."""
        return self._references.get(comparison_key(name), [])

    def mentions(self, text: str) -> list[str]:
        """Return the references of entries named in free text, by two words or more that stand together."""
        words = tokens(text)
        if self._words.isdisjoint(words):
            return []
        found: dict[str, None] = {}
        for length in self._lengths:
            for start in range(len(words) - length + 1):
                part = words[start : start + length]
                if part[0] in self._words:
                    found |= dict.fromkeys(self._references.get(" ".join(sorted(part)), ()))
        return list(found)

    def _add(self, entry: Entry, name: str) -> None:
        key = comparison_key(name)
        if not key:
            raise ListError(f"entry {entry.reference} has an empty name")
        references = self._references.setdefault(key, [])
        if entry.reference not in references:
            references.append(entry.reference)


def _entry(row: dict[str, str]) -> Entry:
    aliases = tuple(alias.strip() for alias in row["aliases"].split(_ALIAS_SEPARATOR) if alias.strip())
    return Entry(row["reference"], row["name"], aliases)
