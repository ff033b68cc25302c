"""Lists of names by their source, and all of them together."""

import csv
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from waqiti.services.compliance.domain.names import parse
from waqiti.services.compliance.domain.screening import Entry, ListError, WatchList, not_paused

MATCHER: Final = 2
"""Raised when names are matched in another way: whoever was screened before is then screened again."""

_ALIAS_SEPARATOR: Final = "|"
_VERSION_CHARACTERS: Final = 16

_encode: Final = msgspec.json.Encoder().encode


class ListVersion(msgspec.Struct, frozen=True):
    """A list as it was loaded: where it is from, and a hash of what it holds."""

    source: str
    version: str


class SourceList(msgspec.Struct, frozen=True):
    """The entries of a list."""

    of: ListVersion
    entries: tuple[Entry, ...]

    @classmethod
    def from_entries(cls, source: str, entries: Iterable[Entry]) -> "SourceList":
        """Make a list of entries; its version is a hash of them."""
        kept = tuple(entries)
        digest = hashlib.sha256(_encode(kept)).hexdigest()
        return cls(ListVersion(source, digest[:_VERSION_CHARACTERS]), kept)

    @property
    def is_whole(self) -> bool:
        """Whether the entries are those that the version is the hash of."""
        return SourceList.from_entries(self.of.source, self.entries).of == self.of

    def checked(self) -> "SourceList":
        """Return this list where every name can be looked for.

        Raises:
            ListError: one has neither letters nor digits.
        """
        for entry in self.entries:
            for name in (entry.name, *entry.aliases):
                if not parse(name).words:
                    raise ListError(f"entry {entry.reference} has the name {name[:40]!r}, which has no letters")
        return self


def read_list(source: str, text: str) -> SourceList:
    """Read a CSV file with the columns reference, name and aliases (separated by ``|``).

    Raises:
        ListError: a column is missing, or an entry has no name.
    """
    try:
        return SourceList.from_entries(source, [_entry(row) for row in csv.DictReader(text.splitlines(), strict=True)])
    except (KeyError, csv.Error) as error:
        raise ListError(f"the list of names cannot be read: {error}") from error


def version_of(lists: Iterable[ListVersion]) -> str:
    """Return the version of lists that are used together; it changes with each of them, and with the matcher."""
    named = sorted(f"{one.source}:{one.version}" for one in lists)
    return hashlib.sha256(" ".join([f"matcher:{MATCHER}", *named]).encode()).hexdigest()[:_VERSION_CHARACTERS]


def together(lists: Sequence[SourceList], pause: Callable[[], None] = not_paused) -> WatchList:
    """Return what is screened against: the entries of all lists. ``pause`` is as for ``WatchList``.

    Raises:
        ListError: an entry has a name without a word.
    """
    entries = [entry for one in lists for entry in one.entries]
    sources = [one.of.source for one in lists for _ in one.entries]
    return WatchList(version_of(one.of for one in lists), entries, pause, sources)


def _entry(row: dict[str, str]) -> Entry:
    aliases = tuple(alias.strip() for alias in row["aliases"].split(_ALIAS_SEPARATOR) if alias.strip())
    return Entry(row["reference"], row["name"], aliases)
