"""Logs stay bounded and their ends can be read."""

import time
from pathlib import Path

from waqiti.operations.cluster.logs import BOUND_BYTES, LINE_CHARACTERS, bound, size_of, tail


def test_a_log_that_grows_past_its_bound_keeps_its_end_and_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "alpha-1.log"
    with log.open("ab", buffering=0) as writer:
        for number in range(1000):
            writer.write(b"line %03d\n" % number)
        bound(tmp_path, bound_bytes=900)
        writer.write(b"after\n")

    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "alpha-1.log.1").stat().st_size == 900
    assert tail(log, 3) == ["line 998", "line 999", "after"]


def test_a_log_below_its_bound_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "alpha-1.log").write_text("one\n")

    bound(tmp_path, bound_bytes=900)

    assert [entry.name for entry in tmp_path.iterdir()] == ["alpha-1.log"]


def test_the_tail_of_a_long_log_is_exact(tmp_path: Path) -> None:
    log = tmp_path / "alpha-1.log"
    log.write_text("".join(f"{number} {'x' * 200}\n" for number in range(5000)))

    assert [line.split()[0] for line in tail(log, 1200)] == [str(number) for number in range(3800, 5000)]


def test_the_tail_of_no_log_is_nothing(tmp_path: Path) -> None:
    assert tail(tmp_path / "none.log", 10) == []


def test_of_a_line_without_end_the_tail_reads_and_returns_little(tmp_path: Path) -> None:
    log = tmp_path / "alpha-1.log"
    log.write_bytes(b"first\n" + b"x" * BOUND_BYTES)
    began = time.perf_counter()

    lines = tail(log, 15)

    assert lines == ["x" * LINE_CHARACTERS]
    assert time.perf_counter() - began < 0.1


def test_the_tail_shows_the_beginning_of_a_long_line(tmp_path: Path) -> None:
    log = tmp_path / "alpha-1.log"
    log.write_text(f"before\n{'long ' * 1000}\nafter\n")

    assert tail(log, 3) == ["before", ("long " * 1000)[:LINE_CHARACTERS], "after"]


def test_what_others_wrote_before_is_left_out_unless_the_log_was_emptied_since(tmp_path: Path) -> None:
    log = tmp_path / "alpha-1.log"
    log.write_text("of another\n")
    begins = size_of(log)
    assert tail(log, 5, since_bytes=begins) == []

    with log.open("a") as more:
        more.write("of this one\n")
    assert tail(log, 5, since_bytes=begins) == ["of this one"]

    log.write_text("new\n")
    assert tail(log, 5, since_bytes=begins) == ["new"]
