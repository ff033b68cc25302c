"""The tables of the history. Times are milliseconds since 1970; what was measured is MessagePack, by series."""

from typing import Final

VERSION: Final = 1

TABLES: Final = """
BEGIN IMMEDIATE;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    counter INTEGER NOT NULL CHECK (counter IN (0, 1))
) STRICT;

-- A replica from its start to its end: in it no counter falls. Counting from nothing is the one that was seen to begin;
-- counted are the series that it has counted so far.
CREATE TABLE lives (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    replica TEXT NOT NULL,
    pids BLOB NOT NULL,
    counted BLOB NOT NULL,
    from_nothing INTEGER NOT NULL CHECK (from_nothing IN (0, 1)),
    seen_at INTEGER NOT NULL
) STRICT;

CREATE INDEX lives_seen ON lives (seen_at);

CREATE TABLE samples (
    at INTEGER NOT NULL,
    life INTEGER NOT NULL,
    found BLOB NOT NULL,
    PRIMARY KEY (at, life)
) STRICT, WITHOUT ROWID;

CREATE TABLE minutes (
    at INTEGER NOT NULL,
    life INTEGER NOT NULL,
    found BLOB NOT NULL,
    PRIMARY KEY (at, life)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
    at INTEGER NOT NULL,
    life INTEGER NOT NULL,
    found BLOB NOT NULL,
    PRIMARY KEY (at, life)
) STRICT, WITHOUT ROWID;

-- Minutes before it are folded, into days too.
CREATE TABLE folded (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    until INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 1;

COMMIT;
"""
