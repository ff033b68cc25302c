"""The operations store: one writer at a time, and an audit that nobody changes unseen."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from waqiti.foundation.clock import utc_now
from waqiti.operations.errors import ClusterError
from waqiti.operations.store import audit, transaction


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "operations" / "ops.db"


def note(store: Path, subject: str) -> int:
    with transaction(store) as connection:
        return audit.append(
            connection, actor="ana", action="test", subject=subject, details={"b": 1, "a": None}, at=utc_now()
        )


def verdict(store: Path) -> audit.AuditVerdict:
    with transaction(store) as connection:
        return audit.verify(connection)


def test_only_its_owner_reads_it(store: Path) -> None:
    note(store, "first")

    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


def test_it_survives_a_crash_of_the_machine_after_each_commit(store: Path) -> None:
    with transaction(store) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_what_fails_leaves_nothing(store: Path) -> None:
    with pytest.raises(ClusterError, match="no such table"):
        lose(store)

    assert verdict(store).entries == 0


def lose(store: Path) -> None:
    with transaction(store) as connection:
        audit.append(connection, actor="ana", action="test", subject="lost", details=None, at=utc_now())
        connection.execute("INSERT INTO no_such_table VALUES (1)")


def test_many_who_write_at_once_all_succeed_and_their_entries_are_one_chain(store: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda number: note(store, f"subject {number}"), range(40)))

    assert sorted(numbers) == list(range(1, 41))
    proved = verdict(store)
    assert (proved.intact, proved.entries) == (True, 40)


def test_a_store_that_stays_busy_is_a_sentence(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waqiti.operations.store.database._BUSY_SECONDS", 0.01)
    with transaction(store), pytest.raises(ClusterError, match="locked"), transaction(store):
        pass


def test_an_entry_can_be_neither_changed_nor_removed(store: Path) -> None:
    note(store, "first")
    for statement in ("UPDATE audit SET actor = 'bob'", "DELETE FROM audit"):
        with pytest.raises(ClusterError, match="append-only"), transaction(store) as connection:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE audit SET actor = 'bob' WHERE seq = 2", "entry 2 was changed"),
        ("DELETE FROM audit WHERE seq = 2", "entry 2 is missing before 3"),
        ("UPDATE audit SET previous = 'x' WHERE seq = 3", "entry 3 does not follow the one before"),
    ],
)
def test_what_is_changed_behind_our_back_is_found(store: Path, tampering: str, said: str) -> None:
    for subject in ("first", "second", "third"):
        note(store, subject)
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("DROP TRIGGER audit_is_not_changed")
        connection.execute("DROP TRIGGER audit_is_not_deleted")
        connection.execute(tampering)
        connection.commit()

    found = verdict(store)
    assert found.intact is False
    assert said in found.problems


def test_a_store_of_a_newer_release_is_not_touched(store: Path) -> None:
    note(store, "first")
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(ClusterError, match="newer release"):
        note(store, "second")


def test_what_is_no_store_is_a_sentence(store: Path) -> None:
    store.parent.mkdir()
    store.write_bytes(b"this is not a database" * 100)

    with pytest.raises(ClusterError, match=r"file is not a database\. .*move .*ops\.db\* aside: .* audit"):
        note(store, "first")
