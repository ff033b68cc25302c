"""The tables of the operations store. A step, once released, is never edited: later ones follow it."""

from typing import Final

_SWITCHES: Final = """
CREATE TABLE revisions (
    subject TEXT PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO revisions (subject, revision) VALUES ('switches', 0);

CREATE TABLE switches (
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    value TEXT NOT NULL CHECK (json_valid(value)),
    revision INTEGER NOT NULL,
    owner TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_at TEXT NOT NULL,
    expires_at TEXT,
    PRIMARY KEY (name, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL CHECK (json_valid(details)),
    previous TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
"""

STEPS: Final = (_SWITCHES,)
