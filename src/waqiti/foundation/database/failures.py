"""What PostgreSQL's errors mean to a caller, decided in this one place."""

import logging
from typing import Final

import asyncpg
from asyncpg import exceptions as pg

from waqiti.foundation.errors import DependencyUnavailable

_log: Final = logging.getLogger(__name__)

_UNAVAILABLE: Final = (
    pg.PostgresConnectionError,
    pg.CannotConnectNowError,
    pg.AdminShutdownError,
    pg.CrashShutdownError,
    pg.IdleInTransactionSessionTimeoutError,
    pg.LockNotAvailableError,
    pg.QueryCanceledError,
    pg.InsufficientResourcesError,
    ConnectionError,
)
_WHEN_CLOSED: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

_RETRYABLE: Final = (pg.UniqueViolationError, pg.DeadlockDetectedError, pg.SerializationError)


def is_retryable(error: BaseException) -> bool:
    """Tell whether the same transaction may succeed when run again: unique violation, deadlock, serialization."""
    return isinstance(error, _RETRYABLE)


def as_unavailable(error: BaseException, database: str, connection_closed: bool) -> DependencyUnavailable | None:
    """Return the 503 that an operational error means, or None where the error is the statement's own."""
    lost = connection_closed and isinstance(error, _WHEN_CLOSED)
    if not lost and not isinstance(error, _UNAVAILABLE):
        return None
    _log.warning("database %s failed: %s: %s", database, type(error).__name__, error)
    return unavailable(database)


def unavailable(database: str) -> DependencyUnavailable:
    """Return the 503 of a database that does not answer."""
    return DependencyUnavailable(database, "The database does not answer; try again.")


def log_exhausted(database: str, why: str, counts: object) -> None:
    """Log that a caller found no connection, with the pool's name and counts."""
    _log.error("pool %s is exhausted, %s: %s", database, why, counts)
