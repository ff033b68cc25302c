"""Versions of models, by Semantic Versioning: ``v1.2.3``."""

from typing import Literal, Self

import msgspec

Release = Literal["patch", "minor"]


class Number(msgspec.Struct, frozen=True, order=True):
    """A version as numbers, which compare."""

    major: int
    minor: int
    patch: int

    @classmethod
    def after(cls, newest: Self | None, release: Release) -> Self:
        """Return the number of what is registered next; the first is 1.0.0."""
        if newest is None:
            return cls(1, 0, 0)
        if release == "minor":
            return cls(newest.major, newest.minor + 1, 0)
        return cls(newest.major, newest.minor, newest.patch + 1)

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"
