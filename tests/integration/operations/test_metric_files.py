"""The metric files of real processes, read from outside while these write them, grow, die and start anew."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waqiti.foundation.telemetry.files import Measured, MetricFiles

WRITER = """
import json, sys
from waqiti.foundation.telemetry import counter, figure, gauge, histogram
things = counter("things", "Things.", ("kind",))
size = gauge("pool_size", "Connections.")
least = gauge("revision", "Revision.", merge="livemin")
rate = figure("rate", "A share.")
waits = histogram("wait_seconds", "Waits.", buckets=(0.1, 1.0))
for line in sys.stdin:
    for name, value in json.loads(line).items():
        if name == "size": size.set(value)
        elif name == "least": least.set(value)
        elif name == "rate": rate.set(value)
        elif name == "wait": waits.observe(value)
        else: things.labels(name).inc(value)
    print("done", flush=True)
"""


class Writer:
    """A process that counts what it is told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def write(self, **values: float | None) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(values) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


@contextmanager
def writing(directory: Path) -> Iterator[Writer]:
    environment: dict[str, Any] = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", WRITER], env=environment, text=True, **pipes) as process:
        try:
            yield Writer(process)
        finally:
            process.kill()


def by_name(name: str, labels: Mapping[str, str]) -> str | None:
    return name + "".join(f":{value}" for value in labels.values())


def read(files: MetricFiles) -> Measured:
    found = files.read()
    assert found is not None
    return found


def test_counts_add_up_over_processes_and_outlast_them_and_gauges_do_not(tmp_path: Path) -> None:
    files = MetricFiles(tmp_path, by_name)
    with writing(tmp_path) as first, writing(tmp_path) as second:
        first.write(small=3, size=2, least=7, wait=0.05)
        second.write(small=4, size=5, least=6, wait=0.5)
        found = read(files)
        assert found.counters["things_total:small"] == 7
        assert found.counters["wait_seconds_bucket:0.1"] == found.counters["wait_seconds_bucket:1.0"] == 1
        assert (found.gauges["pool_size"], found.gauges["revision"]) == (7, 6)
        assert found.pids == {first.process.pid, second.process.pid}
        second.process.kill()
        second.process.wait()
        assert read(files).gauges["pool_size"] == 2
    found = read(files)
    assert found.counters["things_total:small"] == 7
    assert "pool_size" not in found.gauges


def test_labels_that_are_new_are_found_also_when_the_file_has_grown(tmp_path: Path) -> None:
    files = MetricFiles(tmp_path, by_name)
    with writing(tmp_path) as writer:
        writer.write(small=1)
        assert read(files).counters["things_total:small"] == 1
        writer.write(**{f"{'k' * 200}{number}": 1 for number in range(400)})
        assert next(tmp_path.glob("counter_*")).stat().st_size > 65536
        found = read(files)
        assert sum(value for name, value in found.counters.items() if name.startswith("things_total:k")) == 400
        writer.write(small=1)
        assert read(files).counters["things_total:small"] == 2


def test_a_figure_that_is_not_known_is_not_there(tmp_path: Path) -> None:
    files = MetricFiles(tmp_path, by_name)
    with writing(tmp_path) as writer:
        writer.write(small=1)
        assert "rate" not in read(files).gauges
        writer.write(rate=0.25)
        assert read(files).gauges["rate"] == 0.25
        writer.write(rate=None)
        assert "rate" not in read(files).gauges


def test_what_starts_anew_is_read_anew_and_what_is_gone_is_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "replica"
    files = MetricFiles(directory, by_name)
    assert files.read() is None
    directory.mkdir()
    with writing(directory) as writer:
        writer.write(small=9)
        former = read(files)
    shutil.rmtree(directory)
    assert files.read() is None
    directory.mkdir()
    with writing(directory) as writer:
        writer.write(small=2)
        found = read(files)
    assert (former.counters["things_total:small"], found.counters["things_total:small"]) == (9, 2)
    assert former.pids.isdisjoint(found.pids)
