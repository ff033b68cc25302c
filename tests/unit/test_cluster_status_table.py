"""``waqiti status`` for people: what it prints at the width of a terminal, and where nothing runs."""

import io
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from waqiti.cli.cluster.revision_lines import revision_lines, running_lines
from waqiti.cli.cluster.showing import show
from waqiti.cli.status import print_deployments, status
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.cluster.specification import Asked, abandoned, configured, first, released
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.cluster.status import DeploymentStatus, ProcessStatus, ReplicaExit, ReplicaStatus
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import Reason, ReplicaState

GIBIBYTE = 1024**3
LARGEST_PID = 4194303


def replica(name: str, state: ReplicaState = "Ready", last_exit: ReplicaExit | None = None) -> ReplicaStatus:
    return ReplicaStatus(
        name=name,
        pid=22875,
        port=65535,
        state=state,
        revision=1,
        restarts=3,
        memory_bytes=GIBIBYTE,
        memory_limit_bytes=128 * GIBIBYTE,
        processes=(ProcessStatus("api", 22875, None), ProcessStatus("worker", 22876, None)),
        last_exit=last_exit,
    )


def deployment(name: str, *replicas: ReplicaStatus) -> DeploymentStatus:
    ready = sum(row.state == "Ready" for row in replicas)
    row = DeploymentStatus(
        name=name,
        desired=len(replicas),
        ready=ready,
        state="Ready" if ready == len(replicas) else "Degraded",
        revision=1,
        release="1",
        replicas=replicas,
    )
    looping = any(one.state == "CrashLoopBackOff" for one in replicas)
    return msgspec.structs.replace(row, state="CrashLoopBackOff") if looping else row


def printed(*deployments: DeploymentStatus, width: int = 80) -> list[str]:
    shown = Console(file=io.StringIO(), width=width)
    print_deployments(shown, deployments)
    assert isinstance(shown.file, io.StringIO)
    return [line.rstrip() for line in shown.file.getvalue().splitlines()]


def exit_of_worker(reason: Reason = "Error") -> ReplicaExit:
    return ReplicaExit(None, 9, reason, utc_now(), "worker")


def test_a_deployment_with_one_replica_is_one_line() -> None:
    title, row = printed(deployment("payment-service", replica("payment-service-1")))

    assert title.split() == ["deployment", "ready", "state", "pids", "port", "restarts", "MB"]
    assert row.split() == ["payment-service", "1/1", "Ready", "22875/22876", "65535", "3", "1024"]


def test_a_state_is_shown_once_and_that_of_a_replica_only_where_it_differs() -> None:
    looping = replica("fraud-service-1", "CrashLoopBackOff")
    _, once = printed(deployment("fraud-service", looping))
    _, whole, part = printed(deployment("fraud-service", replica("fraud-service-1", "NotReady")))

    assert once.count("CrashLoopBackOff") == 1
    assert whole.split()[:4] == ["fraud-service", "0/1", "Degraded", "22875/22876"]
    assert part.split() == ["its", "replica", "NotReady"]


def test_several_replicas_are_told_apart_by_their_numbers() -> None:
    _, whole, first, second = printed(
        deployment("payment-service", replica("payment-service-4"), replica("payment-service-5", "Starting"))
    )

    assert whole.split()[:2] == ["payment-service", "1/2"]
    assert first.split()[:2] == ["4", "Ready"]
    assert second.split()[:2] == ["5", "Starting"]


def test_how_a_process_ended_last_is_a_line_below_the_table() -> None:
    killed, out_of_memory = exit_of_worker(), exit_of_worker("OOMKilled")
    old = ReplicaExit(1, None, "Error", utc_now() - timedelta(days=3), "api")

    *_, first, second, third = printed(
        deployment("payment-service", replica("payment-service-1", last_exit=killed)),
        deployment("fraud-service", replica("fraud-service-1", last_exit=out_of_memory)),
        deployment("api-gateway", replica("api-gateway-1", last_exit=old)),
    )

    when = f"{killed.at.astimezone():%H:%M:%S}"
    assert first == f"last exit  payment-service-1 worker: signal 9 at {when}"
    assert "fraud-service-1 worker: OOMKilled, signal 9 at " in second
    assert third.endswith(f"api: code 1 at {old.at.astimezone():%d %b %H:%M:%S}")


def test_memory_near_its_limit_is_a_line_below_the_table() -> None:
    near = msgspec.structs.replace(replica("ledger-service-1"), memory_limit_bytes=GIBIBYTE * 10 // 8)
    below = msgspec.structs.replace(near, memory_limit_bytes=GIBIBYTE * 10 // 8 + 1)

    assert printed(deployment("ledger-service", near))[2:] == [
        "memory     ledger-service-1 uses 80 % of the 1,280 MB that it may"
    ]
    assert printed(deployment("ledger-service", below))[2:] == []


def test_the_widest_of_everything_fits_eighty_columns() -> None:
    widest = msgspec.structs.replace(
        replica("compliance-service-1", "CrashLoopBackOff"),
        restarts=12345,
        memory_bytes=64 * GIBIBYTE,
        processes=(ProcessStatus("api", LARGEST_PID, None), ProcessStatus("worker", LARGEST_PID, None)),
        last_exit=ReplicaExit(None, 11, "OOMKilled", utc_now() - timedelta(days=1), "worker"),
    )

    lines = printed(deployment("compliance-service", widest))

    assert len(lines) == 3
    assert max(map(len, lines)) <= 80


def test_the_table_is_never_cut_however_narrow_what_shows_it() -> None:
    row = deployment("compliance-service", replica("compliance-service-1", "CrashLoopBackOff", exit_of_worker()))

    assert [line.split() for line in printed(row, width=20)] == [line.split() for line in printed(row, width=200)]


def test_what_is_in_force_is_said_once_for_all_that_have_the_same() -> None:
    rows = tuple(deployment(name) for name in ("ledger-service", "wallet-service", "payment-service"))
    digest = "0123456789abcdef" * 4
    deployed = msgspec.structs.replace(rows[2], revision=3, release=digest)

    assert list(running_lines(rows)) == ["revision 1 of 1: every deployment"]
    assert list(running_lines((*rows[:2], deployed))) == [
        "revision 3 of 0123456789ab: payment-service",
        "revision 1 of 1: every other deployment",
    ]


def test_revisions_fit_eighty_columns_and_hide_secrets() -> None:
    asked = Asked(id="1", actor="ana", reason="Because " * 20, at=utc_now())
    spec = configured(first("payment-service", "0.1.0", utc_now()), {"API_TOKEN": "x", "LONG": "y" * 200}, None, asked)
    spec = abandoned(released(spec, "0123456789abcdef" * 4, asked), "payment-service-2 ends again and again", ())

    lines = [line.text for line in revision_lines(reversed(spec.revisions), spec.revision)]

    assert max(map(len, lines)) <= 80
    assert any("API_TOKEN=***" in line for line in lines)
    assert lines[1].split()[:3] == ["3", "release", "0123456789ab"]
    assert lines[2].strip() == "given up: payment-service-2 ends again and again"
    assert [line.split()[:3] for line in lines if line.startswith("* ")] == [["*", "1", "start"]]


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    state = tmp_path / ("a" * 100)
    monkeypatch.setenv("WAQITI_STATE", str(state))
    return Layout(state)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What ``status`` and ``cluster list`` both say."""
    assert status() == 0
    sentence = capsys.readouterr().out
    assert show() == 0
    assert capsys.readouterr().out == sentence
    return sentence


def test_where_there_is_no_platform_one_line_says_so(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == f"{layout.root} holds no platform: start one with waqiti up\n"


def test_a_platform_that_never_came_up_has_not_run(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    make_state_directory(layout)
    write_document(layout.plan, plan_platform(layout, None, port=None, postgres_url=None))

    assert said(capsys) == "Nothing has run here yet: waqiti up starts it\n"


def test_a_stopped_platform_is_one_line_and_its_document_as_ever(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    make_state_directory(layout)
    write_document(layout.plan, plan_platform(layout, None, port=None, postgres_url=None))
    layout.credentials.write_text("{}")

    assert said(capsys) == f"Stopped; the data is in {layout.root}: waqiti up goes on with it\n"
    status(json=True)
    document = msgspec.json.decode(capsys.readouterr().out)
    assert {(row["state"], row["ready"]) for row in document["deployments"]} == {("Degraded", 0)}


def test_a_deployment_that_is_scaled_to_zero_is_as_wanted() -> None:
    ready = deployment("alpha")

    assert ready.is_as_wanted
    assert msgspec.structs.replace(ready, state="ScaledToZero").is_as_wanted
    assert not msgspec.structs.replace(ready, state="Progressing").is_as_wanted
