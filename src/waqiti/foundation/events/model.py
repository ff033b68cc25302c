"""Events, where they stand, and the batches in which a consumer gets them."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

CHANNEL_PREFIX: Final = "eventlog:"
"""A hint about a topic is a NOTIFY on this prefix and the topic's name."""

MARK_REFUSED: Final = "WQ001"


class Fenced(Exception):
    """The batch may not commit: another member owns a partition by now, or a batch before this one was not marked."""


class NewEvent(msgspec.Struct, frozen=True):
    """An event to append. ``key`` chooses the partition, ``subject`` is the id it is about, ``data`` is JSON."""

    topic: str
    key: str
    type: str
    subject: UUID
    data: bytes
    trace: str | None = None


class Event(msgspec.Struct, frozen=True):
    """An event of the log; offsets of a partition are gapless and in the order of commits."""

    topic: str
    partition: int
    offset: int
    key: str
    type: str
    subject: UUID
    data: bytes
    trace: str | None
    recorded_at: datetime


class Span(msgspec.Struct, frozen=True):
    """A batch's part of one partition: offsets ``first`` up to, but not including, ``next``."""

    partition: int
    epoch: int
    first: int
    next: int


class Batch(msgspec.Struct, frozen=True):
    """What one read has drained out of all partitions that a member owns; in order within each."""

    events: list[Event]
    spans: tuple[Span, ...]

    def __len__(self) -> int:
        return len(self.events)
