"""Revisions, reckoned: what each change makes of a deployment, and what giving it up leaves."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from waqiti.contracts.switches import DB_POOL_MAX_SIZE
from waqiti.operations.cluster.releases import CheckedReleases
from waqiti.operations.cluster.revisions import KEPT, Resources
from waqiti.operations.cluster.specification import (
    Asked,
    Specification,
    abandoned,
    completed,
    configured,
    first,
    released,
    restarted,
    scale_abandoned,
    scaled,
    started,
    undone,
)
from waqiti.operations.cluster.supervision.changes import apply, check_release_after
from waqiti.operations.cluster.supervision.control import Command, ControlRequest
from waqiti.operations.cluster.workloads import Author
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout

AT = datetime(2026, 1, 1, tzinfo=UTC)
A, B = "a" * 64, "b" * 64
_requests = count(1)


def asked() -> Asked:
    return Asked(id=f"request-{next(_requests)}", actor="ana", at=AT)


def beginning() -> Specification:
    return first("payment-service", "1.0.0", AT)


def deployed(spec: Specification, release: str) -> Specification:
    return completed(released(spec, release, asked()))


def states(spec: Specification) -> list[str]:
    return [change.state for change in spec.changes]


def test_a_deploy_makes_the_next_revision_of_the_one_in_force() -> None:
    spec = released(configured(beginning(), {"A": "1"}, None, asked()), A, asked())

    assert [(one.number, one.parent, one.kind) for one in spec.revisions] == [
        (1, 0, "start"),
        (2, 1, "environment"),
        (3, 2, "release"),
    ]
    assert (spec.in_force.release, spec.in_force.environment) == (A, {"A": "1"})


def test_an_undo_is_exactly_one_revision_back_and_twice_is_two() -> None:
    spec = deployed(deployed(beginning(), A), B)

    once = completed(undone(spec, None, asked()))
    twice = completed(undone(once, None, asked()))

    assert (once.revision, twice.revision) == (2, 1)
    assert [one.rolled_back_at for one in twice.revisions] == [None, AT, AT]
    with pytest.raises(ClusterError, match="nothing to undo") as refused:
        undone(twice, None, asked())
    assert refused.value.exit_code == 3


def test_after_an_undo_the_next_revision_has_a_number_of_its_own_and_its_undo_leads_where_it_came_from() -> None:
    spec = deployed(undone(deployed(beginning(), A), None, asked()), B)

    assert (spec.revision, spec.in_force.parent) == (3, 1)
    assert undone(spec, None, asked()).revision == 1


def test_going_to_a_revision_by_its_number_forgets_that_it_was_left() -> None:
    left = completed(undone(deployed(beginning(), A), None, asked()))

    there = undone(left, 2, asked())

    assert there.revision == 2
    assert [one.rolled_back_at for one in there.revisions] == [AT, None]
    assert undone(there, 2, asked()) is there
    with pytest.raises(ClusterError, match="has no revision 7; there are 1, 2") as refused:
        undone(left, 7, asked())
    assert refused.value.exit_code == 2


def test_what_is_given_up_leaves_what_served_and_the_undo_after_it_is_none() -> None:
    spec = deployed(beginning(), A)

    failed = abandoned(released(spec, B, asked()), "it crashes", ("line",))

    assert (failed.revision, failed.numbered(3).given_up) == (2, "it crashes")
    assert failed.changes[-1].state == "given_up"
    assert failed.changes[-1].lines == ("line",)
    assert undone(failed, None, asked()) is failed
    assert undone(failed, None, asked()) is failed
    assert undone(failed, 1, asked()).revision == 1
    assert undone(completed(restarted(failed, asked())), None, asked()).revision == 2, "a restart tries no revision"
    assert undone(deployed(failed, A[:-1] + "c"), None, asked()).revision == 2


def test_an_undo_that_is_given_up_leaves_the_revision_that_was_to_be_left() -> None:
    spec = abandoned(undone(deployed(beginning(), A), None, asked()), "it crashes", ())

    assert spec.revision == 2
    assert spec.in_force.rolled_back_at is None
    assert spec.numbered(1).given_up == "it crashes"


def test_a_newer_rollout_overtakes_the_one_under_way_and_giving_up_goes_back_to_what_served() -> None:
    spec = released(released(beginning(), A, asked()), B, asked())

    assert states(spec) == ["overtaken", "running"]
    assert spec.changes[0].why == "a deploy by ana came meanwhile"
    assert (spec.in_force.parent, abandoned(spec, "it crashes", ()).revision) == (2, 1)


def test_an_undo_in_the_middle_of_a_deploy_is_back_where_it_began() -> None:
    spec = undone(released(beginning(), A, asked()), None, asked())

    assert (spec.revision, spec.epoch) == (1, 1)
    assert states(spec) == ["overtaken", "running"]


def test_a_scale_goes_on_beside_a_rollout() -> None:
    spec = scaled(restarted(released(beginning(), A, asked()), asked()), 3, asked())

    assert states(spec) == ["running", "running", "running"]
    given_up = abandoned(spec, "it crashes", ())
    assert (given_up.revision, given_up.epoch, given_up.desired) == (1, 1, 3)
    assert states(given_up) == ["given_up", "given_up", "running"]
    assert states(scaled(spec, 2, asked())) == ["running", "running", "overtaken", "running"]


def test_a_scale_that_is_given_up_leaves_the_count_that_was() -> None:
    spec = scale_abandoned(scaled(beginning(), 4, asked()), "it crashes", ())

    assert (spec.desired, states(spec)) == (1, ["given_up"])


def test_what_is_so_already_is_no_change() -> None:
    spec = completed(configured(beginning(), {"A": "1"}, Resources(memory_bytes=2**28), asked()))

    assert scaled(spec, 1, asked()) is spec
    assert released(spec, "1.0.0", asked()) is spec
    assert configured(spec, {"A": "1", "B": None}, None, asked()) is spec
    assert configured(spec, {}, Resources(memory_bytes=2**28), asked()) is spec
    assert configured(spec, {"A": None}, None, asked()).in_force.environment == {}


def test_more_variables_than_a_process_is_given_are_refused() -> None:
    spec = configured(beginning(), {"A": "x" * 40_000}, None, asked())

    with pytest.raises(ClusterError, match="would exceed 65536 bytes") as refused:
        configured(spec, {"B": "x" * 40_000}, None, asked())
    assert refused.value.exit_code == 3


def test_a_start_with_another_version_installed_makes_a_revision_unless_a_directory_is_in_force() -> None:
    same, other = started(beginning(), "1.0.0", AT), started(beginning(), "1.1.0", AT)

    assert same.revision == 1
    assert (other.in_force.release, other.in_force.kind, other.settled.revision) == ("1.1.0", "start", 2)
    directory = deployed(beginning(), A)
    assert started(directory, "1.1.0", AT) is directory


def test_what_was_under_way_when_everything_stopped_is_given_up() -> None:
    spec = started(scaled(released(beginning(), A, asked()), 3, asked()), "1.0.0", AT)

    assert (spec.revision, spec.desired) == (1, 1)
    assert {change.why for change in spec.changes} == {"the platform was stopped meanwhile"}


def test_only_so_many_revisions_are_remembered_and_the_one_that_serves_among_them() -> None:
    spec = beginning()
    for number in range(2 * KEPT):
        spec = abandoned(released(spec, f"{number:064x}", asked()), "it crashes", ())

    assert len(spec.revisions) <= KEPT
    assert spec.in_force.number == 1
    assert spec.revisions[-1].number == 2 * KEPT + 1
    assert len(spec.changes) <= KEPT


def test_a_revision_whose_parent_is_forgotten_is_undone_by_number_only() -> None:
    spec = beginning()
    for number in range(2 * KEPT):
        spec = deployed(spec, f"{number:064x}")
    oldest = completed(undone(spec, spec.revisions[0].number, asked()))

    with pytest.raises(ClusterError, match="no longer remembered: choose one") as refused:
        undone(oldest, None, asked())
    assert refused.value.exit_code == 3


def test_a_request_that_comes_twice_is_one_change(tmp_path: Path) -> None:
    request = ControlRequest(command="undo", name="payment-service", id="one", by=Author(actor="ana"))
    spec = configured(configured(beginning(), {"A": "1"}, None, asked()), {"A": "2"}, None, asked())

    once = apply(Layout(tmp_path), spec, request)

    assert once.revision == 2
    assert apply(Layout(tmp_path), completed(once), request) == completed(once)


def test_a_revision_whose_release_is_gone_is_not_gone_back_to(tmp_path: Path) -> None:
    request = ControlRequest(command="undo", name="payment-service", id="one", by=Author(actor="ana"))

    with pytest.raises(ClusterError, match=r"runs 1\.0\.0, and 2\.0\.0 is what is installed now") as refused:
        check_release_after(CheckedReleases(Layout(tmp_path)), started(beginning(), "2.0.0", AT), request, "2.0.0")
    assert refused.value.exit_code == 3
    with pytest.raises(ClusterError, match="is no longer in"):
        check_release_after(
            CheckedReleases(Layout(tmp_path)), deployed(deployed(beginning(), A), "1.0.0"), request, "1.0.0"
        )


def requested(command: Command, **wanted: Any) -> ControlRequest:
    return ControlRequest(
        command=command, name="payment-service", id=f"request-{next(_requests)}", by=Author(actor="ana"), **wanted
    )


def test_an_undo_and_a_removal_to_larger_pools_are_refused_where_postgresql_has_no_room(tmp_path: Path) -> None:
    small = completed(configured(beginning(), {DB_POOL_MAX_SIZE: "1"}, None, asked()))
    spec = completed(apply(Layout(tmp_path), small, requested("scale", replicas=8)))

    for larger in (
        requested("undo"),
        requested("undo", to=1),
        requested("set", environment={DB_POOL_MAX_SIZE: None}),
        requested("set", environment={DB_POOL_MAX_SIZE: "4"}),
    ):
        with pytest.raises(ClusterError, match=r"may hold 117 connections .* PostgreSQL allows it 65") as refused:
            apply(Layout(tmp_path), spec, larger)
        assert refused.value.exit_code == 3
    fewer = completed(apply(Layout(tmp_path), spec, requested("scale", replicas=4)))
    assert apply(Layout(tmp_path), fewer, requested("undo")).revision == 1


def test_replicas_that_fit_only_smaller_pools_wait_until_these_are_there(tmp_path: Path) -> None:
    rolling = configured(beginning(), {DB_POOL_MAX_SIZE: "1"}, None, asked())

    with pytest.raises(ClusterError, match="DB_POOL_MAX_SIZE 4 may hold 117"):
        apply(Layout(tmp_path), rolling, requested("scale", replicas=8))
    assert apply(Layout(tmp_path), completed(rolling), requested("scale", replicas=8)).desired == 8
