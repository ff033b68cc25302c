"""The line in which payments stand: the events of one topic that payment-service has not marked yet."""

from typing import Final

STANDS_IN_LINE: Final = """
EXISTS (
    SELECT FROM eventlog.events e
    LEFT JOIN eventlog.marks m ON m.group_name = $1 AND m.topic = e.topic AND m.partition = e.partition
    WHERE e.subject = queued.id AND e.topic = $2 AND e."offset" >= coalesce(m."offset", 0)
)
"""
"""Whether an event that is to come will move the payment ``queued.id``; $1 is the group, $2 the topic."""
