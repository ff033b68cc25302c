"""Time: instants in UTC, and RFC 3339 at the edge."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant, timezone-aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def rfc3339(instant: datetime) -> str:
    """Format a timezone-aware instant as RFC 3339 in UTC with a ``Z`` and microseconds."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
