"""All SQL of the history."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from waqiti.operations.history.folding import Fold, Values
from waqiti.operations.history.schema import TABLES, VERSION

Folded = Literal["minutes", "days"]

_encode: Final = msgspec.msgpack.Encoder().encode
_VALUES: Final = msgspec.msgpack.Decoder(dict[int, int | float])
_FOLD: Final = msgspec.msgpack.Decoder(Fold)
_SET: Final = msgspec.msgpack.Decoder(frozenset[int])
_BUSY_SECONDS: Final = 2.0
# A small cache; whatever happens, the file is never over 1 GiB.
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA wal_autocheckpoint = 250",
    "PRAGMA cache_size = -512",
    "PRAGMA max_page_count = 262144",
)


class NewerFile(Exception):
    """The file was written by a newer release."""


class Life(msgspec.Struct, frozen=True):
    """A replica from its start to its end; ``from_nothing`` where all that it counted is in the history.

    ``pids`` are its processes that ever counted, ``counted`` the series that they did.
    """

    id: int
    service: str
    replica: str
    pids: frozenset[int]
    counted: frozenset[int]
    from_nothing: bool


class Series(msgspec.Struct, frozen=True):
    """A name under which something is kept; counters add up, gauges stand."""

    id: int
    name: str
    counter: bool


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the history to write it; it is made where there is none. A crash of the machine may cost its last seconds.

    Raises:
        sqlite3.Error: the file cannot be used.
        NewerFile: a newer release wrote it.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        _make(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the history to read it, as of the first statement; the caller closes it.

    Raises:
        sqlite3.Error: there is none, or it cannot be read.
        NewerFile: a newer release wrote it.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise NewerFile
        connection.execute("BEGIN")
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise NewerFile
    if version == 0:
        connection.executescript(TABLES)


_SERIES: Final = "SELECT id, name, counter FROM series"


def series(connection: sqlite3.Connection) -> dict[str, Series]:
    """Return every series by its name."""
    return {name: Series(one, name, bool(counter)) for one, name, counter in connection.execute(_SERIES)}


_ADD_SERIES: Final = "INSERT INTO series (name, counter) VALUES (?, ?) RETURNING id"


def add_series(connection: sqlite3.Connection, name: str, *, counter: bool) -> Series:
    """Give a name its number."""
    (one,) = connection.execute(_ADD_SERIES, (name, counter)).fetchone()
    return Series(one, name, counter)


_LIVES: Final = "SELECT id, service, replica, pids, counted, from_nothing FROM lives WHERE seen_at >= ? ORDER BY id"


def lives(connection: sqlite3.Connection, since: int = 0) -> list[Life]:
    """Return every life that was sampled from ``since`` on, the oldest first; it is written down once a minute."""
    return [
        Life(one, service, replica, _SET.decode(pids), _SET.decode(counted), bool(from_nothing))
        for one, service, replica, pids, counted, from_nothing in connection.execute(_LIVES, (since,))
    ]


_ADD_LIFE: Final = """
INSERT INTO lives (service, replica, pids, counted, from_nothing, seen_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""


def add_life(connection: sqlite3.Connection, new: Life, at: int) -> Life:
    """Begin a life; return it with its number."""
    row = (new.service, new.replica, _encode(new.pids), _encode(new.counted), new.from_nothing, at)
    (one,) = connection.execute(_ADD_LIFE, row).fetchone()
    return msgspec.structs.replace(new, id=one)


_SEE_LIFE: Final = "UPDATE lives SET pids = ?, counted = ?, seen_at = ? WHERE id = ?"


def see_life(connection: sqlite3.Connection, life: Life, at: int) -> None:
    """Write down that a life goes on, its processes, and what they count."""
    connection.execute(_SEE_LIFE, (_encode(life.pids), _encode(life.counted), at, life.id))


_FORGET_LIVES: Final = """
DELETE FROM lives WHERE id IN (
    SELECT id FROM lives WHERE seen_at < ? AND id NOT IN (SELECT life FROM days) ORDER BY id LIMIT ?
)
"""


def forget_lives(connection: sqlite3.Connection, before: int, most: int) -> None:
    """Remove lives of which nothing is left."""
    connection.execute(_FORGET_LIVES, (before, most))


_ADD_SAMPLE: Final = "INSERT OR REPLACE INTO samples (at, life, found) VALUES (?, ?, ?)"


def add_sample(connection: sqlite3.Connection, at: int, life: int, values: Values) -> None:
    """Write what was measured of a life at an instant."""
    connection.execute(_ADD_SAMPLE, (at, life, _encode(values)))


_EDGES: Final = "SELECT (SELECT min(at) FROM samples), (SELECT max(at) FROM samples)"


def edges(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Return the instants of the oldest and the newest sample; None where there is none."""
    oldest, newest = connection.execute(_EDGES).fetchone()
    return None if oldest is None else (oldest, newest)


_NEXT: Final = "SELECT min(at) FROM samples WHERE at >= ?"


def next_sample(connection: sqlite3.Connection, since: int) -> int | None:
    """Return the instant of the first sample from ``since`` on."""
    (at,) = connection.execute(_NEXT, (since,)).fetchone()
    return None if at is None else int(at)


_SAMPLES: Final = """
SELECT at, life, found FROM samples
WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR life IN (SELECT value FROM json_each(?3))) ORDER BY at, life
"""


def samples(
    connection: sqlite3.Connection, since: int, until: int, wanted: Collection[int] | None = None
) -> Iterable[tuple[int, int, Values]]:
    """Yield instant, life and values of the samples in a period, oldest first; of ``wanted`` lives, where given."""
    for at, life, found in connection.execute(_SAMPLES, (since, until, _listed(wanted))):
        yield at, life, _VALUES.decode(found)


_BEFORE: Final = "SELECT found FROM samples WHERE at < ? AND life = ? ORDER BY at DESC LIMIT 1"


def sample_before(connection: sqlite3.Connection, at: int, life: int) -> Values | None:
    """Return the last sample of a life before an instant."""
    row = connection.execute(_BEFORE, (at, life)).fetchone()
    return None if row is None else _VALUES.decode(row[0])


_PUT_FOLD: Final[dict[Folded, str]] = {
    "minutes": "INSERT OR REPLACE INTO minutes (at, life, found) VALUES (?, ?, ?)",
    "days": "INSERT OR REPLACE INTO days (at, life, found) VALUES (?, ?, ?)",
}


def put_fold(connection: sqlite3.Connection, table: Folded, at: int, life: int, fold: Fold) -> None:
    """Write what a period held of a life; ``at`` is its beginning."""
    connection.execute(_PUT_FOLD[table], (at, life, _encode(fold)))


_FOLDS: Final[dict[Folded, str]] = {
    "minutes": """
SELECT at, life, found FROM minutes
WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR life IN (SELECT value FROM json_each(?3))) ORDER BY at, life
""",
    "days": """
SELECT at, life, found FROM days
WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR life IN (SELECT value FROM json_each(?3))) ORDER BY at, life
""",
}


def folds(
    connection: sqlite3.Connection, table: Folded, since: int, until: int, wanted: Collection[int] | None = None
) -> Iterable[tuple[int, int, Fold]]:
    """Yield beginning, life and content of the periods that begin in a period, oldest first."""
    for at, life, found in connection.execute(_FOLDS[table], (since, until, _listed(wanted))):
        yield at, life, _FOLD.decode(found)


_FOLDED: Final = "SELECT until FROM folded"


def folded_until(connection: sqlite3.Connection) -> int | None:
    """Return before when all minutes are folded; None where none is."""
    row = connection.execute(_FOLDED).fetchone()
    return None if row is None else int(row[0])


_SET_FOLDED: Final = "INSERT OR REPLACE INTO folded (one, until) VALUES (1, ?)"


def set_folded_until(connection: sqlite3.Connection, until: int) -> None:
    """Write down before when all minutes are folded."""
    connection.execute(_SET_FOLDED, (until,))


_REMOVE_OLD: Final = (
    "DELETE FROM samples WHERE (at, life) IN (SELECT at, life FROM samples WHERE at < ? ORDER BY at, life LIMIT ?)",
    "DELETE FROM minutes WHERE (at, life) IN (SELECT at, life FROM minutes WHERE at < ? ORDER BY at, life LIMIT ?)",
    "DELETE FROM days WHERE (at, life) IN (SELECT at, life FROM days WHERE at < ? ORDER BY at, life LIMIT ?)",
)


def remove_old(connection: sqlite3.Connection, before: Sequence[int], most: int) -> None:
    """Remove samples, minutes and days that are older than these instants, at most so many rows of each."""
    for statement, instant in zip(_REMOVE_OLD, before, strict=True):
        connection.execute(statement, (instant, most))


_REMOVE_FUTURE: Final = (
    "DELETE FROM samples WHERE at > ?",
    "DELETE FROM minutes WHERE at > ?",
    "DELETE FROM days WHERE at > ?",
)


def remove_future(connection: sqlite3.Connection, now: int) -> None:
    """Remove what says that it was measured later than now."""
    for statement in _REMOVE_FUTURE:
        connection.execute(statement, (now,))


def _listed(numbers: Collection[int] | None) -> str | None:
    return None if numbers is None else msgspec.json.encode(list(numbers)).decode()
