"""The journal where the disk is full: an entry may be lost, and the one after it is not."""

import resource
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from waqiti.operations.changes.journal import entries_since
from waqiti.operations.cluster.journal import Journal, JournalEntry, now
from waqiti.operations.cluster.layout import Layout

_HOUR = timedelta(hours=1)
_APPENDS_ONE = """
import sys
from pathlib import Path
from waqiti.operations.cluster.journal import Journal, JournalEntry, now
Journal(Path(sys.argv[1])).append(JournalEntry(at=now(), kind="lost", detail="x" * 500))
"""


def kinds(layout: Layout) -> list[str]:
    return [entry.kind for entry in entries_since(layout, now() - _HOUR).entries]


def test_an_entry_that_a_full_disk_cut_off_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    journal = Journal(layout.events)
    journal.append(JournalEntry(at=now(), kind="before"))
    room = layout.events.stat().st_size + 100

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    subprocess.run([sys.executable, "-B", "-c", _APPENDS_ONE, layout.events], check=True, preexec_fn=little_room)
    assert layout.events.stat().st_size == room
    for kind in ("after", "last"):
        journal.append(JournalEntry(at=now(), kind=kind))

    assert kinds(layout) == ["last", "after", "before"]
    assert entries_since(layout, now() - _HOUR).unreadable_lines == 1
