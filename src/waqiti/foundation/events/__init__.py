"""The event log on PostgreSQL.

``EventWriter`` appends, ``Consumer`` reads as a group, ``follow`` does so at leisure, ``Tail`` reads without a group,
``LogAdmin`` looks.

The producer's database holds a topic; offsets are gapless and in the order of commits within a partition. What a
consumer does and how far it has come commit together, in its own database.
"""

from waqiti.foundation.events.admin import DeadLetter, GroupLag, LogAdmin, PartitionLag, Topic
from waqiti.foundation.events.consumer import Consumer
from waqiti.foundation.events.following import follow
from waqiti.foundation.events.model import Batch, Event, Fenced, NewEvent, Span
from waqiti.foundation.events.tail import Tail
from waqiti.foundation.events.writer import EventWriter

__all__ = [
    "Batch",
    "Consumer",
    "DeadLetter",
    "Event",
    "EventWriter",
    "Fenced",
    "GroupLag",
    "LogAdmin",
    "NewEvent",
    "PartitionLag",
    "Span",
    "Tail",
    "Topic",
    "follow",
]
