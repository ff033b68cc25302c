"""Metrics of a replica: its api and its worker count as one, and the dead are forgotten."""

import os
import subprocess
import sys
from pathlib import Path

_COUNT = """
from waqiti.foundation.telemetry import counter, gauge, histogram
counter("things", "Things.", ("kind",)).labels("small").inc({count})
gauge("pool_size", "Connections.").set({count})
histogram("wait_seconds", "Waits.").observe(0.3)
"""
_LOOK = """
from waqiti.foundation.telemetry import exposition
from waqiti.foundation.telemetry.metrics import forget_dead_processes
if {forget}:
    forget_dead_processes()
print(exposition().decode())
"""


def python(directory: Path, program: str) -> str:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    return run.stdout


def test_the_processes_of_a_replica_add_up_and_counters_survive_them(tmp_path: Path) -> None:
    for count in (3, 4):
        python(tmp_path, _COUNT.format(count=count))
    before = python(tmp_path, _LOOK.format(forget=False))
    assert 'things_total{kind="small"} 7.0' in before
    assert 'wait_seconds_bucket{le="0.5"} 2.0' in before
    after = python(tmp_path, _LOOK.format(forget=True))
    assert 'things_total{kind="small"} 7.0' in after
    assert "\npool_size " not in after


def test_the_files_have_all_their_blocks_because_a_full_disk_would_kill_who_writes_into_a_hole(tmp_path: Path) -> None:
    many = "\n".join(
        f'counter("things", "Things.", ("kind",)).labels("{"k" * 200}{number}").inc()' for number in range(400)
    )
    python(tmp_path, f"from waqiti.foundation.telemetry import counter\n{many}")

    (file,) = tmp_path.iterdir()
    assert file.stat().st_size == 2 * 65536
    assert file.stat().st_blocks * 512 >= file.stat().st_size


def test_a_file_that_finds_no_room_is_named(tmp_path: Path) -> None:
    said = python(
        tmp_path,
        "import resource, signal\n"
        "from waqiti.foundation.telemetry import counter\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try:\n"
        '    counter("things", "Things.").inc()\n'
        "except OSError as error:\n"
        "    print(error.filename)\n",
    )

    assert said.startswith(f"{tmp_path}/counter_")
