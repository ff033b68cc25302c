"""Opening the operations store: WAL, synchronous FULL, one writer at a time."""

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from waqiti.operations.errors import ClusterError
from waqiti.operations.store.schema import STEPS

_ATTEMPTS: Final = 20
_BUSY_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 0.05
_PRIVATE: Final = 0o600
_PRIVATE_DIRECTORY: Final = 0o700
_PRIMARY_CODE: Final = 0xFF


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the unit of work, as the only writer; COMMIT on leaving, ROLLBACK on an exception.

    Raises:
        ClusterError: others keep it busy for over ten seconds, or the file cannot be used.
    """
    try:
        with closing(_begun(path)) as connection:
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
    except sqlite3.Error as error:
        raise ClusterError(f"The operations store {path} cannot be used: {error}{_next_step(path, error)}") from error


def is_broken(error: sqlite3.Error) -> bool:
    """Say whether a file is no database any more, whatever is done with it."""
    return _primary_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _next_step(path: Path, error: sqlite3.Error) -> str:
    if not is_broken(error):
        return ""
    return (
        f". Restore it from a backup, or move {path}* aside: a new one is made, and the audit and the live switches up "
        "to now are lost with the old one"
    )


def _begun(path: Path) -> sqlite3.Connection:
    """Return a connection that holds the write lock: from here on nothing of ours can find the store busy."""
    for attempt in range(1, _ATTEMPTS + 1):
        connection = _opened(path)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            _migrate(connection, path)
        except sqlite3.OperationalError as error:
            connection.close()
            if not _is_busy(error) or attempt == _ATTEMPTS:
                raise
            time.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError("unreachable")


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
    # SQLite gives the files beside it the same mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE))
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise ClusterError(f"{path} was written by a newer release: use that one")
    for number, step in enumerate(STEPS[version:], version + 1):
        for statement in _statements(step):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _statements(step: str) -> Iterator[str]:
    statement = ""
    for line in step.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return _primary_code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _primary_code(error: sqlite3.Error) -> int:
    # What Python's own checks raise has none.
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
