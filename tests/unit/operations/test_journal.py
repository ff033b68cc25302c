"""The journal where the disk is full, and where several processes set it aside at once."""

import resource
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from waqiti.foundation.clock import utc_now
from waqiti.operations.changes.journal import entries_since
from waqiti.operations.state import journal as journals
from waqiti.operations.state.journal import BOUND_BYTES, Journal, JournalEntry
from waqiti.operations.state.layout import Layout

_HOUR = timedelta(hours=1)
_APPENDS_ONE = """
import sys
from pathlib import Path
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.foundation.clock import utc_now
Journal(Path(sys.argv[1])).append(JournalEntry(at=utc_now(), kind="lost", detail="x" * 500))
"""


def kinds(layout: Layout) -> list[str]:
    return [entry.kind for entry in entries_since(layout, utc_now() - _HOUR).entries]


def test_an_entry_that_a_full_disk_cut_off_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    journal = Journal(layout.events)
    journal.append(JournalEntry(at=utc_now(), kind="before"))
    room = layout.events.stat().st_size + 100

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    subprocess.run([sys.executable, "-B", "-c", _APPENDS_ONE, layout.events], check=True, preexec_fn=little_room)
    assert layout.events.stat().st_size == room
    for kind in ("after", "last"):
        journal.append(JournalEntry(at=utc_now(), kind=kind))

    assert kinds(layout) == ["last", "after", "before"]
    assert entries_since(layout, utc_now() - _HOUR).unreadable_lines == 1


def test_who_still_writes_into_a_file_that_was_set_aside_leaves_the_new_one_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path)
    journal = Journal(layout.events)
    journal.append(JournalEntry(at=utc_now(), kind="first", detail="x" * (BOUND_BYTES - 100)))
    is_cut_off = journals._is_cut_off

    def others_come_first(descriptor: int) -> bool:
        monkeypatch.setattr(journals, "_is_cut_off", is_cut_off)
        for kind in ("sets aside", "begins"):
            journal.append(JournalEntry(at=utc_now(), kind=kind))
        return is_cut_off(descriptor)

    monkeypatch.setattr(journals, "_is_cut_off", others_come_first)
    journal.append(JournalEntry(at=utc_now(), kind="late"))

    assert sorted(kinds(layout)) == ["begins", "first", "late", "sets aside"]
    assert b"late" in layout.old_events.read_bytes()
