"""Writing samples down, folding them, and letting go of what is old: each round in one transaction."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from waqiti.operations.history import store
from waqiti.operations.history.folding import NOTHING, Fold, Values, fold_samples, merge
from waqiti.operations.history.sampling import Sample

MINUTE: Final = 60_000
DAY: Final = 86_400_000
KEPT_SAMPLES: Final = timedelta(hours=6)
KEPT_MINUTES: Final = timedelta(days=35)
KEPT_DAYS: Final = timedelta(days=400)
MOST_SERIES: Final = 2_000
"""Names beyond it are not kept: what was meant to have few labels has many."""
# A whole number takes a byte or three where a double takes nine; up to here both are the same.
_EXACT: Final = 2**53
_MOST_MINUTES_A_ROUND: Final = 5
# Several times what a round adds.
_MOST_REMOVED_A_ROUND: Final = 200


class HistoryWriter:
    """The history, open to its one writer."""

    def __init__(self, path: Path) -> None:
        """Open the file; it is made where there is none.

        Raises:
            sqlite3.Error: it cannot be used.
            NewerFile: a newer release wrote it.
        """
        self._connection = store.open_writer(path)
        self._series: dict[str, store.Series] = {}
        self._lives: dict[str, store.Life] = {}
        self._newest: int | None = None
        try:
            self._learn()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def write(self, now: datetime, samples: Sequence[Sample]) -> None:
        """Write one round; where that fails nothing of it is there, and the next one tells of both.

        Raises:
            sqlite3.Error: the file cannot be used, or the disk is full.
        """
        at = milliseconds(now)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._newest is not None and at < self._newest:
                self._turn_back(at)
            for sample in samples:
                self._write_sample(at, sample)
            self._fold(at)
            self._let_go(at)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._learn()
            raise
        if samples:
            self._newest = at

    def _learn(self) -> None:
        """Read what is known: also after a round that came to nothing."""
        self._series = store.series(self._connection)
        self._lives = {life.replica: life for life in store.lives(self._connection)}
        self._newest = self._newest_sample()

    def _newest_sample(self) -> int | None:
        edges = store.edges(self._connection)
        return edges[1] if edges is not None else None

    def _write_sample(self, at: int, sample: Sample) -> None:
        counters, gauges = self._numbered(sample.counters, counter=True), self._numbered(sample.gauges, counter=False)
        life = self._life_of(sample, counters.keys(), at)
        store.add_sample(self._connection, at, life.id, counters | gauges)

    def _life_of(self, sample: Sample, counted: AbstractSet[int], at: int) -> store.Life:
        """Return the life that a sample goes on with: that of its replica, unless files of it are gone."""
        former = self._lives.get(sample.replica)
        if former is None or not former.pids <= sample.pids:
            life = self._begin(sample, counted, at)
        elif former.pids == sample.pids and counted <= former.counted and not self._is_new_minute(at):
            return former
        else:
            life = msgspec.structs.replace(former, pids=sample.pids, counted=former.counted | counted)
            store.see_life(self._connection, life, at)
        self._lives[sample.replica] = life
        return life

    def _begin(self, sample: Sample, counted: AbstractSet[int], at: int) -> store.Life:
        """Begin a life: counting from nothing where its replica was not there yet at the sample before."""
        started, newest = sample.started_at, self._newest
        life = store.Life(
            id=0,
            service=sample.service,
            replica=sample.replica,
            pids=sample.pids,
            counted=frozenset(counted),
            from_nothing=started is not None and newest is not None and milliseconds(started) > newest,
        )
        return store.add_life(self._connection, life, at)

    def _is_new_minute(self, at: int) -> bool:
        return self._newest is None or at // MINUTE != self._newest // MINUTE

    def _numbered(self, values: Mapping[str, float], *, counter: bool) -> dict[int, int | float]:
        found: dict[int, int | float] = {}
        for name, value in values.items():
            series = self._series.get(name)
            if series is None and len(self._series) < MOST_SERIES:
                series = self._series[name] = store.add_series(self._connection, name, counter=counter)
            if series is not None:
                found[series.id] = int(value) if value % 1 == 0 and abs(value) < _EXACT else value
        return found

    def _fold(self, at: int) -> None:
        """Fold minutes that have ended, a few a round, each into its day too."""
        until = store.folded_until(self._connection)
        if until is not None and until + MINUTE > at:
            return
        counters = frozenset(series.id for series in self._series.values() if series.counter)
        for _ in range(_MOST_MINUTES_A_ROUND):
            first = store.next_sample(self._connection, until or 0)
            if first is None or (minute := first // MINUTE * MINUTE) + MINUTE > at:
                return
            self._fold_minute(minute, counters)
            until = minute + MINUTE
            store.set_folded_until(self._connection, until)

    def _fold_minute(self, minute: int, counters: frozenset[int]) -> None:
        rows: dict[int, list[Values]] = {}
        for _, life, values in store.samples(self._connection, minute, minute + MINUTE):
            rows.setdefault(life, []).append(values)
        known = {life.id: life for life in store.lives(self._connection, minute)}
        day = minute // DAY * DAY
        so_far = {life: fold for _, life, fold in store.folds(self._connection, "days", day, day + 1)}
        for life, found in rows.items():
            before = store.sample_before(self._connection, minute, life)
            begun = life in known and known[life].from_nothing
            base = before if before is not None else NOTHING if begun else found[0]
            fold = fold_samples(base, found, counters)
            store.put_fold(self._connection, "minutes", minute, life, fold)
            whole = merge([so_far[life], fold]) if life in so_far else fold
            store.put_fold(self._connection, "days", day, life, whole)

    def _let_go(self, at: int) -> None:
        now = _instant(at)
        oldest = [milliseconds(now - kept) for kept in (KEPT_SAMPLES, KEPT_MINUTES, KEPT_DAYS)]
        store.remove_old(self._connection, oldest, _MOST_REMOVED_A_ROUND)
        if self._is_new_minute(at):
            store.forget_lives(self._connection, oldest[-1], _MOST_REMOVED_A_ROUND)

    def _turn_back(self, at: int) -> None:
        """The clock was set back: what lies in the future is forgotten, and what it counted is counted again."""
        store.remove_future(self._connection, at)
        minute, day = at // MINUTE * MINUTE, at // DAY * DAY
        until = store.folded_until(self._connection)
        if until is not None and until > minute + MINUTE:
            store.set_folded_until(self._connection, minute + MINUTE)
        kept: dict[int, list[Fold]] = {}
        for _, life, fold in store.folds(self._connection, "minutes", day, at + 1):
            kept.setdefault(life, []).append(fold)
        for life, folds in kept.items():
            store.put_fold(self._connection, "days", day, life, merge(folds))
        self._newest = self._newest_sample()


def milliseconds(instant: datetime) -> int:
    """Return an instant as the file has it."""
    return int(instant.timestamp() * 1000)


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
