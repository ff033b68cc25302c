"""A list that loses much of what the one before it had: more likely a file cut short than so many people set free."""

from typing import Final

import msgspec

from waqiti.services.compliance.domain.lists import ListVersion, SourceList
from waqiti.services.compliance.domain.screening import ListError

MOST_LOST_PERCENT: Final = 10
"""Of the entries, and of the names, that a list may lose against the one before of the same source."""

CODE: Final = "list_shrinks"


class ListSize(msgspec.Struct, frozen=True):
    """How large a list is; ``names`` counts the first name of each entry, and its aliases."""

    entries: int
    names: int

    @classmethod
    def of(cls, new: SourceList) -> "ListSize":
        """Count a list."""
        return cls(len(new.entries), sum(1 + len(entry.aliases) for entry in new.entries))

    @property
    def aliases(self) -> int:
        """How many names are not the first of their entry."""
        return self.names - self.entries


class Shrinkage(msgspec.Struct, frozen=True):
    """A list that would replace one much larger."""

    of: ListVersion
    before: ListSize
    after: ListSize

    @property
    def sentence(self) -> str:
        """The numbers."""
        numbers = (
            f"{self.of.source} would go from {self.before.entries:,} entries to {self.after.entries:,}, "
            f"and from {self.before.names:,} names to {self.after.names:,}"
        )
        without = ", with no alternate name left" if self.after.aliases == 0 < self.before.aliases else ""
        return f"{numbers}{without}"


class ListShrinks(ListError):
    """A list that shrinks, and that nobody has accepted."""

    def __init__(self, found: Shrinkage) -> None:
        super().__init__(f"{CODE}: {found.sentence}")
        self.found = found


def shrinkage(of: ListVersion, before: ListSize | None, after: ListSize) -> Shrinkage | None:
    """Return what a list loses against the one before, where that is more than lists lose from one day to the next."""
    if before is None:
        return None
    shrinks = (
        _loses_much(before.entries, after.entries)
        or _loses_much(before.names, after.names)
        or (after.aliases == 0 < before.aliases)
    )
    return Shrinkage(of, before, after) if shrinks else None


def refuse(found: Shrinkage) -> None:
    """Accept no list that shrinks.

    Raises:
        ListShrinks: always.
    """
    raise ListShrinks(found)


def _loses_much(before: int, after: int) -> bool:
    return (before - after) * 100 > before * MOST_LOST_PERCENT
