"""PostgreSQL: a small pool that heals itself, the unit of work, and what a failing server looks like to a client."""

from waqiti.foundation.database.failures import is_retryable
from waqiti.foundation.database.pool import Connection, Database, PoolCounts
from waqiti.foundation.database.retrying import retrying
from waqiti.foundation.database.snapshots import open_snapshot

__all__ = ["Connection", "Database", "PoolCounts", "is_retryable", "open_snapshot", "retrying"]
