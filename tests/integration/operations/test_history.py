"""The history on disk: written, folded, bounded, read; by one sampler, and whatever becomes of its file."""

import asyncio
import errno
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.history import reading, store
from waqiti.operations.history.keeping import HistoryKeeper
from waqiti.operations.history.names import bucket, requests_of
from waqiti.operations.history.reading import Increase, NoData, Series
from waqiti.operations.history.sampling import Sample
from waqiti.operations.history.writing import HistoryWriter
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, boot_id
from waqiti.operations.state.record import DeploymentRecord, ProcessRecord, Record, ReplicaRecord

SERVICE = "payment-service"
START = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NO_MORE: Mapping[str, float] = {}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    make_state_directory(layout)
    return layout


@contextmanager
def writer_of(layout: Layout) -> Iterator[HistoryWriter]:
    writer = HistoryWriter(layout.history)
    try:
        yield writer
    finally:
        writer.close()


def sample(
    total: float,
    *,
    pid: int = 1,
    started_at: datetime | None = START,
    lag: float = 0.0,
    more: Mapping[str, float] = NO_MORE,
) -> Sample:
    return Sample(
        service=SERVICE,
        replica=f"{SERVICE}-1",
        counters={"payment_total": total, **more},
        gauges={'kafka_consumer_lag_sum{group="g",topic="t"}': lag},
        pids=frozenset({pid}),
        started_at=started_at,
    )


def rise(layout: Layout, since: datetime, until: datetime, metric: str = "payment_total") -> float | None:
    found = reading.increase(layout, SERVICE, metric, since, until)
    return found.value if isinstance(found, Increase) else None


def test_a_replica_that_starts_anew_counts_on_and_never_backwards(layout: Layout) -> None:
    with writer_of(layout) as writer:
        writer.write(START, [sample(100)])
        writer.write(START + 2 * SECOND, [sample(107)])
        writer.write(START + 4 * SECOND, [sample(3, pid=2, started_at=START + 3 * SECOND)])
        # By the next look it has counted more than the one before it ever did.
        writer.write(START + 6 * SECOND, [sample(500, pid=3, started_at=START + 5 * SECOND)])

    assert rise(layout, START, START + 10 * SECOND) == 7 + 3 + 500
    assert rise(layout, START + 3 * SECOND, START + 5 * SECOND) == 3


def test_what_was_counted_before_anybody_looked_is_not_counted_now(layout: Layout) -> None:
    with writer_of(layout) as writer:
        writer.write(START, [sample(1_000_000, started_at=START - timedelta(days=3))])
        writer.write(START + 2 * SECOND, [sample(1_000_001)])

    assert rise(layout, START - SECOND, START + 10 * SECOND) == 1


def test_a_sampler_that_was_away_tells_of_what_happened_meanwhile(layout: Layout) -> None:
    with writer_of(layout) as writer:
        writer.write(START, [sample(10)])
    with writer_of(layout) as writer:
        writer.write(START + timedelta(minutes=20), [sample(25)])
        writer.write(START + timedelta(minutes=21, seconds=2), [sample(25)])

    assert rise(layout, START + SECOND, START + timedelta(minutes=30)) == 15


def test_nothing_measured_is_no_data_and_never_zero(layout: Layout) -> None:
    with writer_of(layout) as writer:
        writer.write(START, [sample(1)])

    end = START + 5 * SECOND
    assert rise(layout, START, end) == 0
    for service, metric, since in [
        (SERVICE, "payment_success_total", START),
        ("ledger-service", "payment_total", START),
        (SERVICE, "payment_total", START + SECOND),
    ]:
        assert isinstance(reading.increase(layout, service, metric, since, end), NoData)
        assert isinstance(reading.series(layout, service, metric, since, end), NoData)


def test_a_label_that_was_never_counted_is_zero_where_its_metric_is(layout: Layout) -> None:
    with writer_of(layout) as writer:
        writer.write(START, [sample(1, more={'http_requests_total{status="2xx"}': 5.0})])

    assert rise(layout, START, START + SECOND, 'http_requests_total{status="5xx"}') == 0


def test_labels_are_asked_for_in_any_order_and_number(layout: Layout) -> None:
    with writer_of(layout) as writer:
        writer.write(START, [sample(1, lag=3.0)])

    for labels in ('{topic="t", group="g"}', '{group="g"}', '{ topic = "t" }'):
        found = reading.series(layout, SERVICE, f"kafka_consumer_lag_sum{labels}", START, START + SECOND)
        assert isinstance(found, Series)
        assert found.replicas[0].points[0].value == 3.0


@pytest.mark.parametrize(
    "metric",
    [
        'payment_total{nosuch="x"}',
        'http_requests_total{status="9xx"}',
        'http_requests_total{status="2xx",nosuch="x"}',
        'payment_refused_total{reason="nosuch"}',
        'kafka_consumer_lag_sum{group="nosuch"}',
        bucket("0.7"),
        "payment_tot",
    ],
)
def test_labels_and_values_that_a_metric_does_not_have_are_no_data(layout: Layout, metric: str) -> None:
    counted = {requests_of("2xx"): 5.0, 'payment_refused_total{reason="funds"}': 1.0, bucket("0.5"): 5.0}
    with writer_of(layout) as writer:
        writer.write(START, [sample(1, more=counted)])

    end = START + SECOND
    assert rise(layout, START, end, bucket("5.0")) == 0
    assert isinstance(reading.series(layout, SERVICE, metric, START, end), NoData)
    assert isinstance(reading.increase(layout, SERVICE, metric, START, end), NoData)


def test_what_is_old_is_folded_and_let_go_and_no_increase_is_lost(layout: Layout) -> None:
    end = START + timedelta(days=1)
    with writer_of(layout) as writer:
        at, total = START, 0
        while at <= end:
            writer.write(at, [sample(total, lag=total % 7)])
            at, total = at + timedelta(seconds=125), total + 1
    counted = total - 1

    assert rise(layout, START, end + SECOND) == counted
    found = reading.series(layout, SERVICE, "kafka_consumer_lag_sum", START, end + SECOND, timedelta(hours=1))
    assert isinstance(found, Series)
    assert all(2 < point.value < 4 for point in found.replicas[0].points[1:-1])
    with sqlite3.connect(layout.history) as connection:
        (oldest,) = connection.execute("SELECT min(at) FROM samples").fetchone()
        days = connection.execute("SELECT at, found FROM days ORDER BY at").fetchall()
    assert oldest / 1000 >= (end - timedelta(hours=6, minutes=3)).timestamp()
    assert len(days) == 2


def test_minutes_that_are_gone_are_days(layout: Layout) -> None:
    end = START + timedelta(days=40)
    with writer_of(layout) as writer:
        for hour in range(0, 40 * 24 + 1, 3):
            writer.write(START + timedelta(hours=hour), [sample(hour)])

    with store.open_reader(layout.history) as connection:
        minutes = list(store.folds(connection, "minutes", 0, 1 << 60))
    assert minutes[0][0] / 1000 >= (end - timedelta(days=35, hours=3)).timestamp()
    # The first day is known from midnight on, and no finer.
    assert rise(layout, START - timedelta(hours=12), end + SECOND) == 40 * 24


def test_a_clock_that_is_set_back_loses_no_count_and_counts_none_twice(layout: Layout) -> None:
    with writer_of(layout) as writer:
        for minute in range(10):
            writer.write(START + timedelta(minutes=minute), [sample(minute)])
        for minute in range(5, 20):
            writer.write(START + timedelta(minutes=minute, seconds=-30), [sample(minute + 10)])

    assert rise(layout, START, START + timedelta(hours=1)) == 29
    with store.open_reader(layout.history) as connection:
        ((_, _, day),) = store.folds(connection, "days", 0, 1 << 60)
        numbers = [row.id for row in store.series(connection).values() if row.counter]
    assert day.increases[numbers[0]] <= 29


def one_process(layout: Layout, *, restarts: int = 0) -> None:
    """Write down a cluster of one replica: this process."""
    ref = ProcessRef.of(os.getpid())
    process = ProcessRecord(
        role="api",
        ref=ref,
        started_at=utc_now(),
        port=1,
        ready=True,
        was_ready=True,
        looping=False,
        restarts=restarts,
        last_exit=None,
    )
    replica = ReplicaRecord(name=f"{SERVICE}-1", number=1, revision=1, epoch=1, draining=False, processes=(process,))
    row = DeploymentRecord(name=SERVICE, replicas=(replica,))
    record = Record(
        boot_id=boot_id(),
        init=ref,
        supervisor=ref,
        ready=True,
        prepared=True,
        failure=None,
        postgres=None,
        deployments=(row,),
    )
    write_document(layout.record, record)


def lately(layout: Layout, metric: str) -> Series | NoData:
    now = utc_now()
    return reading.series(layout, SERVICE, metric, now - 10 * SECOND, now + SECOND)


def latest(layout: Layout, metric: str) -> float | None:
    found = lately(layout, metric)
    return None if isinstance(found, NoData) else found.replicas[0].points[-1].value


async def test_a_replica_is_sampled_from_files_and_proc_alone(layout: Layout) -> None:
    one_process(layout)
    keeper = HistoryKeeper(layout)
    keeper.round()
    one_process(layout, restarts=2)
    keeper.round()

    assert latest(layout, "replica_ready") == 1
    assert rise(layout, utc_now() - 10 * SECOND, utc_now() + SECOND, "replica_restarts") == 2
    assert (latest(layout, "replica_memory_bytes") or 0) > 1024 * 1024
    assert latest(layout, "replica_cpu_cores") is not None
    assert await keeper.check() == "sampling"
    keeper.close()
    assert latest(layout, "replica_ready") == 1, "it is read with nobody there who writes it"


HOLDER = """
import sys, time
from pathlib import Path
from waqiti.operations.state.layout import Layout
from waqiti.operations.history.keeping import HistoryKeeper
keeper = HistoryKeeper(Layout(Path(sys.argv[1])))
keeper.round()
print("sampling", flush=True)
time.sleep(60)
"""


def test_one_process_samples_and_another_goes_on_when_it_is_killed(layout: Layout) -> None:
    one_process(layout)
    other = HistoryKeeper(layout)
    command = [sys.executable, "-c", HOLDER, str(layout.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "sampling\n"
        with sqlite3.connect(layout.history) as connection:
            (before,) = connection.execute("SELECT count(*) FROM samples").fetchone()
            other.round()
            assert connection.execute("SELECT count(*) FROM samples").fetchone() == (before,)
        assert asyncio.run(other.check()) == "another process samples"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    other.round()
    assert asyncio.run(other.check()) == "sampling"
    other.close()


async def test_a_file_that_cannot_be_read_is_set_aside_and_a_new_one_begins(layout: Layout) -> None:
    one_process(layout)
    keeper = HistoryKeeper(layout)
    for _ in range(3):
        layout.history.write_bytes(b"This is no database, and there is a lot of it. " * 200)
        keeper.round()
        with pytest.raises(DependencyUnavailable, match="not a database"):
            await keeper.check()
        keeper.round()
        assert latest(layout, "replica_ready") == 1
        assert "history.db.unreadable-20" in await keeper.check()
        keeper.close()
    assert 1 <= len(list(layout.operations.glob("history.db.unreadable-*"))) <= 2


async def test_a_history_that_holds_what_nobody_wrote_is_set_aside_too(layout: Layout) -> None:
    one_process(layout)
    keeper = HistoryKeeper(layout)
    keeper.round()
    with sqlite3.connect(layout.history) as connection:
        connection.execute("UPDATE lives SET counted = x'c1'")
    with pytest.raises(reading.HistoryUnreadable):
        lately(layout, "replica_ready")
    keeper.close()
    keeper.round()
    with pytest.raises(DependencyUnavailable, match="nobody wrote"):
        await keeper.check()
    keeper.round()

    assert "history.db.unreadable-20" in await keeper.check()
    keeper.close()


async def test_a_history_that_cannot_be_set_aside_is_said_to_be_lost_and_the_next_round_tries_again(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_process(layout)
    layout.history.write_bytes(b"This is no database, and there is a lot of it. " * 200)
    keeper = HistoryKeeper(layout)

    def refused(_path: Path, _target: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refused)
        keeper.round()
        with pytest.raises(DependencyUnavailable, match=r"database; and it cannot be set aside: .* file system"):
            await keeper.check()
    keeper.round()
    keeper.round()

    assert "history.db.unreadable-20" in await keeper.check()
    keeper.close()


async def test_a_file_that_is_removed_while_it_is_written_begins_anew(layout: Layout) -> None:
    one_process(layout)
    keeper = HistoryKeeper(layout)
    keeper.round()
    for path in layout.operations.glob("history.db*"):
        path.unlink()
    keeper.round()

    assert latest(layout, "replica_ready") == 1
    keeper.close()


async def test_where_nothing_can_be_written_sampling_goes_on_and_health_says_so(layout: Layout) -> None:
    one_process(layout)
    keeper = HistoryKeeper(layout)
    keeper.round()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, hard))
    try:
        for _ in range(3):
            keeper.round()
        with pytest.raises(DependencyUnavailable, match="cannot be written"):
            await keeper.check()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    keeper.round()

    assert await keeper.check() == "sampling"
    assert latest(layout, "replica_ready") == 1
    keeper.close()


async def test_a_file_of_a_newer_release_is_left_alone(layout: Layout) -> None:
    one_process(layout)
    with sqlite3.connect(layout.history) as connection:
        connection.execute("PRAGMA user_version = 99")
    keeper = HistoryKeeper(layout)
    keeper.round()

    with pytest.raises(DependencyUnavailable, match="newer release"):
        await keeper.check()
    with pytest.raises(reading.HistoryUnreadable, match="newer release"):
        lately(layout, "replica_ready")
    keeper.close()


def test_a_history_that_is_not_there_is_said_to_be_unreadable(layout: Layout) -> None:
    with pytest.raises(reading.HistoryUnreadable, match="cannot be read"):
        reading.increase(layout, SERVICE, "payment_total", START, START + SECOND)


async def test_a_pid_that_is_another_process_now_counts_for_nothing(layout: Layout) -> None:
    own = ProcessRef.of(os.getpid())
    former = ProcessRef(own.pid, own.start_ticks - 1)

    assert own.memory_bytes > 0
    assert own.cpu_seconds is not None
    assert (former.memory_bytes, former.cpu_seconds, former.alive, former.stopped) == (0, None, False, False)
