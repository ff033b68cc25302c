"""Where the embedded server's programs go when its user cannot run the installed ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from waqiti.operations.cluster.postgres import place as postgres_place
from waqiti.operations.cluster.postgres.place import Place, binaries
from waqiti.operations.cluster.postgres.server import forget_unreaped


def test_copied_programs_run_with_their_libraries_whoever_may_run_the_installed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_place, "_can_run", lambda *_: False)
    place = Place(base_path=str(tmp_path), outside=False)
    before = os.umask(0o077)
    try:
        programs = binaries(place, None)
    finally:
        os.umask(before)

    assert tmp_path in programs.parents
    for program in ("postgres", "initdb"):
        told = subprocess.run([programs / program, "--version"], capture_output=True, text=True, check=True, env={})
        assert "(PostgreSQL) 18." in told.stdout
    modes = {path.stat().st_mode & 0o777 for path in programs.parents[2].rglob("*") if not path.is_symlink()}
    assert modes == {0o755, 0o644}
    assert binaries(place, None) == programs


def test_the_lock_file_of_a_server_that_has_ended_and_was_not_reaped_is_taken_away(tmp_path: Path) -> None:
    place = Place(base_path=str(tmp_path), outside=False)
    place.data.mkdir()
    lock = place.data / "postmaster.pid"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as server:
        lock.write_text(f"{server.pid}\n{place.data}\n")
        forget_unreaped(place)
        assert lock.exists(), "it runs"

        server.kill()
        os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
        forget_unreaped(place)

    assert not lock.exists()
