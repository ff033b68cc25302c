"""State directories, plans, and what a command imports."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from waqiti.cli.output import as_called
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster import state_directory
from waqiti.operations.cluster.children.probes import Heartbeat, Seen
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.cluster.postgres.server import settings
from waqiti.operations.cluster.revisions import Revision
from waqiti.operations.cluster.specification import first
from waqiti.operations.cluster.supervision import init
from waqiti.operations.cluster.supervision.environment import inherited, replica_environment
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import lock, read_document, write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, wait_gone

GIBIBYTE = 1024**3
INSTALLED = first("api-gateway", "1", utc_now()).in_force


def test_a_state_directory_is_private_and_a_wipe_removes_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "deep" / "state")

    state_directory.make_state_directory(layout)

    assert layout.secrets.stat().st_mode & 0o777 == 0o700
    assert layout.root.stat().st_mode & 0o066 == 0
    state_directory.wipe(layout)
    assert not layout.root.exists()
    assert layout.root.parent.exists()


def test_a_wipe_leaves_what_somebody_else_put_into_the_directory(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    (tmp_path / "thesis.txt").write_text("years of work")
    state_directory.make_state_directory(layout)
    layout.credentials.write_text("{}")

    state_directory.wipe(layout)

    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_wipe_refuses_a_directory_that_no_platform_was_started_in(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "diary.txt").write_text("years of work")

    with pytest.raises(ClusterError, match="is no state directory of Waqiti: nothing was removed") as refused:
        state_directory.wipe(Layout(tmp_path))

    assert refused.value.exit_code == 3
    assert (tmp_path / "logs" / "diary.txt").read_text() == "years of work"


def test_a_name_of_ours_that_is_somebody_elses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "diary.txt").write_text("years of work")

    with pytest.raises(ClusterError, match="logs is there and not Waqiti's: choose another --state"):
        state_directory.make_state_directory(Layout(tmp_path))

    assert [entry.name for entry in tmp_path.iterdir()] == ["logs"]


def test_a_wipe_empties_a_directory_that_was_there_as_a_mounted_disk_is(tmp_path: Path) -> None:
    state_directory.make_state_directory(Layout(tmp_path))
    (tmp_path / "misbehave").mkdir()

    state_directory.wipe(Layout(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_a_nearly_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nearly_full = shutil.disk_usage(tmp_path)._replace(free=100 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: nearly_full)

    with pytest.raises(ClusterError, match=r"has only 100 MB left, and Waqiti needs 512: free some space") as refused:
        state_directory.make_state_directory(Layout(tmp_path / "state"))

    assert refused.value.exit_code == 3


def test_a_plan_remembers_the_port_and_the_server_of_the_one_before(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    first = plan_platform(layout, None, port=9000, postgres_url="postgresql://a@h/x")

    again = plan_platform(layout, first, port=None, postgres_url=None)

    assert again == first
    assert again.base_url == "http://127.0.0.1:9000"
    assert plan_platform(layout, None, port=None, postgres_url=None).base_url == "http://127.0.0.1:8080"


def test_data_in_the_embedded_server_is_not_left_behind_by_accident(tmp_path: Path) -> None:
    embedded = plan_platform(Layout(tmp_path), None, port=None, postgres_url=None)

    with pytest.raises(ClusterError, match="choose another --state"):
        plan_platform(Layout(tmp_path), embedded, port=None, postgres_url="postgresql://a@h/x")


@pytest.mark.parametrize(
    "url",
    ["mysql://a@h/x", "postgresql://", "postgresql:///x", "postgresql://a@h:port/x", "postgresql://a@h:99999/x", "h"],
)
def test_what_is_no_address_of_a_server_is_wrong_use(tmp_path: Path, url: str) -> None:
    with pytest.raises(ClusterError, match="wants an administrator's URL: postgresql://user:password@host") as refused:
        plan_platform(Layout(tmp_path), None, port=None, postgres_url=url)

    assert refused.value.exit_code == 2


def test_a_replica_is_told_about_its_own_database_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_THRESHOLD", "0.9")
    monkeypatch.setenv("WAQITI_DATABASE_URL", "postgresql://somebody-elses")
    monkeypatch.setenv("WAQITI_WEBHOOK_PRIVATE_TARGETS", "false")

    told = environment_of_gateway(Layout(tmp_path), INSTALLED)

    assert told["WAQITI_URL_LEDGER_SERVICE"] == "http://127.0.0.1:4001"
    assert told["WAQITI_LISTEN_FDS"] == "7,9"
    assert told["FRAUD_THRESHOLD"] == "0.9"
    assert "WAQITI_DATABASE_URL" not in told
    assert "WAQITI_WEBHOOK_PRIVATE_TARGETS" not in told, "a service does not start with what it does not know"


def test_what_was_set_beats_what_is_inherited_but_nothing_beats_what_the_cluster_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAUD_THRESHOLD", "0.9")
    monkeypatch.setenv("PYTHONPATH", "/inherited")
    digest = "a" * 64
    chosen = {"FRAUD_THRESHOLD": "0.8", "PYTHONPATH": "/set", "WAQITI_STATE": "/elsewhere", "WAQITI_RATE_BURST": "5"}
    revision = msgspec.structs.replace(INSTALLED, release=digest, environment=chosen)

    told = environment_of_gateway(Layout(tmp_path), revision)

    assert told["FRAUD_THRESHOLD"] == "0.8"
    assert told["WAQITI_RATE_BURST"] == "5"
    assert told["WAQITI_STATE"] == str(tmp_path)
    assert told["WAQITI_RELEASE"] == digest
    assert told["PYTHONPATH"] == f"{tmp_path}/releases/{digest}:/set"
    assert environment_of_gateway(Layout(tmp_path), INSTALLED)["PYTHONPATH"] == "/inherited"


def environment_of_gateway(layout: Layout, revision: Revision) -> dict[str, str]:
    return replica_environment(
        layout,
        deployment="api-gateway",
        replica="api-gateway-1",
        role="api",
        revision=revision,
        descriptors=(7, 9),
        ports={"ledger-service": 4001},
        base_url="http://127.0.0.1:8080",
        access=None,
    )


@pytest.mark.parametrize(("own", "told"), [(None, "true"), ("false", "false"), ("true", "true")])
def test_webhooks_go_to_private_addresses_unless_the_operator_says_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str | None, told: str
) -> None:
    monkeypatch.delenv("WAQITI_WEBHOOK_PRIVATE_TARGETS", raising=False)
    if own is not None:
        monkeypatch.setenv("WAQITI_WEBHOOK_PRIVATE_TARGETS", own)

    environment = replica_environment(
        Layout(tmp_path),
        deployment="notification-service",
        replica="notification-service-1",
        role="worker",
        revision=INSTALLED,
        descriptors=(),
        ports={},
        base_url="http://127.0.0.1:8080",
        access=None,
    )

    assert environment["WAQITI_WEBHOOK_PRIVATE_TARGETS"] == told
    assert environment["WAQITI_WEBHOOK_KEY_FILE"] == str(Layout(tmp_path).webhook_key)
    assert inherited().get("WAQITI_WEBHOOK_PRIVATE_TARGETS") == own, "init and the supervisor pass it on"


@pytest.mark.parametrize(
    ("memory_bytes", "shared_buffers"), [(GIBIBYTE // 2, "128MB"), (4 * GIBIBYTE, "512MB"), (64 * GIBIBYTE, "1024MB")]
)
def test_the_server_takes_memory_by_the_size_of_the_machine(memory_bytes: int, shared_buffers: str) -> None:
    chosen = settings(memory_bytes=memory_bytes, fsync=True)

    assert chosen["shared_buffers"] == shared_buffers
    assert (chosen["max_connections"], chosen["reserved_connections"]) == ("300", "5")
    assert (chosen["max_wal_size"], chosen["checkpoint_timeout"], chosen["jit"]) == ("4GB", "15min", "off")
    assert (chosen["fsync"], chosen["full_page_writes"], chosen["listen_addresses"]) == ("on", "on", "127.0.0.1")


def test_a_process_is_known_by_its_start_time_and_a_zombie_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        ref = ProcessRef.of(child.pid)
        other = ProcessRef(ref.pid, ref.start_ticks + 1)
        assert (ref.alive, other.alive) == (True, False)
        assert ref.memory_bytes > 0

        child.kill()
        assert wait_gone([ref], 5) == []
        assert ref.memory_bytes == 0


def test_a_heartbeat_counts_when_it_changes_whatever_the_clock_says(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    heartbeat = Heartbeat(file)
    assert heartbeat.look() == Seen(answered=False, ready=False)

    file.touch()
    os.utime(file, (0, 0))
    assert heartbeat.look() == Seen(answered=True, ready=True)
    assert heartbeat.look() == Seen(answered=False, ready=True)


def test_an_adopted_heartbeat_is_fresh_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    file.touch()

    assert Heartbeat(file).look() == Seen(answered=False, ready=True)


def test_init_imports_the_standard_library_only() -> None:
    code = f"import runpy, sys; runpy.run_path({init.__file__!r}); print(*sys.modules)"

    listed = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)

    tops = {name.partition(".")[0] for name in listed.stdout.split()}
    assert tops - {"__main__", "__mp_main__", "<run_path>"} <= set(sys.stdlib_module_names)


def test_status_imports_no_service_and_no_framework() -> None:
    code = (
        "import sys, runpy; sys.argv = ['waqiti', 'status', '--json', '--state', '/nowhere']\n"
        "try: runpy.run_module('waqiti', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )

    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    document, modules = listed.stdout.splitlines()
    assert json.loads(document)["init"] == {"pid": None}
    loaded = set(modules.split())
    assert not {name for name in loaded if name.startswith("waqiti.services")}
    assert loaded.isdisjoint(
        {
            "litestar",
            "uvicorn",
            "uvloop",
            "asyncpg",
            "aiohttp",
            "structlog",
            "prometheus_client",
            "asyncio",
            "rich.table",
        }
    )


def test_status_takes_little_time() -> None:
    command = [sys.executable, "-m", "waqiti", "status", "--json", "--state", "/nowhere"]
    seconds = []
    for _ in range(3):
        before = os.times()
        subprocess.run(command, capture_output=True, check=True)
        after = os.times()
        # Processor time, so that a busy machine does not fail the test.
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)

    assert min(seconds) < 0.3


def test_what_to_type_again_is_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/waqiti", "up"])
    assert as_called() == ".venv/bin/waqiti"
    monkeypatch.setattr(sys, "argv", ["/with blanks/waqiti", "up"])
    assert as_called() == "'/with blanks/waqiti'"
    monkeypatch.setattr(sys, "argv", ["/site/waqiti/__main__.py", "up"])
    assert as_called() == f"{sys.executable} -m waqiti"


def test_documents_replace_each_other_at_once(tmp_path: Path) -> None:

    path = tmp_path / "document.json"
    write_document(path, {"one": 1})

    assert read_document(path, dict[str, int]) == {"one": 1}
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{")
    with pytest.raises(ClusterError, match="cannot be read"):
        read_document(path, dict[str, int])
    assert read_document(tmp_path / "none", dict[str, int]) is None


def test_a_lock_that_is_held_is_waited_for_and_then_refused(tmp_path: Path) -> None:

    path = tmp_path / "lock"
    with lock(path, wait_seconds=1, holder="Nobody"):
        began = time.monotonic()
        with (
            pytest.raises(ClusterError, match="The other one holds"),
            lock(path, wait_seconds=0.2, holder="The other one"),
        ):
            pytest.fail("two hold it")
        assert time.monotonic() - began >= 0.2
    with lock(path, wait_seconds=0.2, holder="The other one"):
        assert path.exists()
