"""What several public bodies share."""

from typing import Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list, newest first; ``next_cursor`` is None on the last."""

    data: list[Item]
    next_cursor: str | None


class Failure(msgspec.Struct, frozen=True):
    """Why money did not move: a stable code and a sentence."""

    code: str
    detail: str


class PublicReason(msgspec.Struct, frozen=True):
    """One reason of a decision."""

    code: str
    detail: str
