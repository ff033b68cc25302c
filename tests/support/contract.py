"""What operations may rely on of whatever runs the deployments: the same suite for every backend.

A backend runs two deployments of stand-ins: ``alpha``, whose replicas are an api and a worker, and ``beta``, an api.
"""

import asyncio
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest

from waqiti.operations.cluster.diagnostics import Diagnostics
from waqiti.operations.cluster.revisions import Resources
from waqiti.operations.cluster.workloads import Author, Workload, Workloads
from waqiti.operations.errors import ClusterError

BY = Author(actor="ana", reason="A test.")
LIMIT_BYTES = 512 * 1024**2
WRONG_USE, FAILED, REFUSED = 2, 1, 3


class Backend(Protocol):
    """What is tested, and what a test needs beside it."""

    workloads: Workloads
    diagnostics: Diagnostics
    seen: Path
    """A directory whose files replicas see."""

    def misbehave(self, name: str, fault: str | None) -> None:
        """Have api processes that start from now on behave badly, or well again."""
        ...

    def silent(self, name: str) -> AbstractContextManager[str]:
        """Have the api of a replica answer nothing meanwhile; give the replica's name."""
        ...

    def release(self, directory: Path) -> Path:
        """Make a release that starts."""
        ...


async def one(backend: Backend, name: str) -> Workload:
    return next(row for row in await backend.workloads.list() if row.name == name)


def ids(row: Workload) -> set[str]:
    return {replica.id for replica in row.replicas}


class WorkloadsContract:
    """Changes; every test leaves one ready replica of each deployment."""

    async def test_every_deployment_is_listed_with_its_replicas(self, backend: Backend) -> None:
        rows = await backend.workloads.list()

        assert [row.name for row in rows] == ["alpha", "beta"]
        for row in rows:
            assert (row.desired, row.ready, row.state) == (1, 1, "Ready")
            (replica,) = row.replicas
            assert replica.ready
            assert replica.revision == row.revision
            assert replica.address is not None
            assert replica.id

    async def test_scaled_up_down_and_to_nothing(self, backend: Backend) -> None:
        before = ids(await one(backend, "alpha"))
        three = await backend.workloads.scale("alpha", 3, BY)
        none = await backend.workloads.scale("alpha", 0, BY)
        back = await backend.workloads.scale("alpha", 1, BY)

        assert (three.desired, three.ready, len(ids(three))) == (3, 3, 3)
        assert before < ids(three), "what served serves on"
        assert (none.desired, none.replicas, none.state) == (0, (), "ScaledToZero")
        assert (back.desired, back.ready, back.state) == (1, 1, "Ready")

    async def test_a_restart_replaces_every_replica_by_one_of_the_same_revision(self, backend: Backend) -> None:
        before = await backend.workloads.scale("beta", 2, BY)
        after = await backend.workloads.restart("beta", BY)
        await backend.workloads.scale("beta", 1, BY)

        assert (after.ready, after.revision) == (2, before.revision)
        assert ids(after).isdisjoint(ids(before))

    async def test_what_is_set_is_a_revision_and_an_undo_takes_it_back(self, backend: Backend) -> None:
        before = await one(backend, "beta")
        done = await backend.workloads.set("beta", {"GREETING": "hello"}, Resources(memory_bytes=LIMIT_BYTES), BY)
        (usage,) = await backend.diagnostics.top(("beta",))
        again = await backend.workloads.set("beta", {"GREETING": "hello"}, None, BY)
        newest = (await backend.workloads.revisions("beta"))[0]
        undone = await backend.workloads.undo("beta", None, BY)

        assert (done.changed, again.changed, undone.changed) == (True, False, True)
        assert done.revision > before.revision
        assert usage.memory_limit_bytes == LIMIT_BYTES
        assert ids(again) == ids(done), "what is so already replaces nothing"
        assert (newest.number, newest.environment) == (done.revision, {"GREETING": "hello"})
        assert (newest.actor, newest.reason) == (BY.actor, BY.reason)
        assert undone.revision == before.revision
        assert undone.replicas[0].revision == before.revision

    async def test_a_release_is_deployed_and_undone(self, backend: Backend, tmp_path: Path) -> None:
        before = await one(backend, "beta")
        deployed = await backend.workloads.deploy("beta", backend.release(tmp_path / "release"), BY)
        undone = await backend.workloads.undo("beta", before.revision, BY)

        assert deployed.release != before.release
        assert (deployed.ready, deployed.replicas[0].revision) == (1, deployed.revision)
        assert (undone.release, undone.revision) == (before.release, before.revision)

    async def test_a_change_that_does_not_get_ready_is_given_up_and_what_served_serves_on(
        self, backend: Backend
    ) -> None:
        before = await one(backend, "beta")
        backend.misbehave("beta", "exit")
        try:
            with pytest.raises(ClusterError) as failed:
                await backend.workloads.set("beta", {"GREETING": "bad"}, None, BY)
        finally:
            backend.misbehave("beta", None)
        after = await one(backend, "beta")
        newest = (await backend.workloads.revisions("beta"))[0]

        assert failed.value.exit_code == FAILED
        assert (after.revision, after.ready) == (before.revision, 1)
        assert ids(before) <= ids(after)
        assert newest.given_up

    async def test_changes_at_once_end_where_one_of_them_wanted(self, backend: Backend) -> None:
        asked = [backend.workloads.scale("beta", 2, BY), backend.workloads.scale("beta", 3, BY)]
        asked += [backend.workloads.restart("beta", BY)]
        ends = await asyncio.gather(*asked, return_exceptions=True)
        errors = [end for end in ends if isinstance(end, BaseException)]
        row = await one(backend, "beta")
        await backend.workloads.scale("beta", 1, BY)

        assert len(errors) < len(ends), "one of them at least is carried out"
        assert all(isinstance(error, ClusterError) and "overtaken" in str(error) for error in errors), errors
        assert row.desired in {2, 3}
        assert row.ready == len(row.replicas) == row.desired

    async def test_an_unknown_name_is_wrong_use(self, backend: Backend, tmp_path: Path) -> None:
        workloads = backend.workloads
        for change in (
            workloads.revisions("gamma"),
            workloads.scale("gamma", 1, BY),
            workloads.restart("gamma", BY),
            workloads.set("gamma", {}, None, BY),
            workloads.deploy("gamma", tmp_path, BY),
            workloads.undo("gamma", None, BY),
        ):
            with pytest.raises(ClusterError, match="gamma") as refused:
                await change
            assert refused.value.exit_code == WRONG_USE


class DiagnosticsContract:
    """Reads."""

    async def test_logs_are_the_last_lines_of_each_replica_or_of_one(self, backend: Backend) -> None:
        (log,) = await backend.diagnostics.logs("beta", "beta-1", 2)
        every = await backend.diagnostics.logs("beta", None, 1)

        assert log.replica == "beta-1"
        assert 0 < len(log.lines) <= 2
        found = {one.replica: one.lines for one in every}
        assert found[log.replica] == log.lines[-1:]
        assert all(len(lines) <= 1 for lines in found.values())
        with pytest.raises(ClusterError, match="beta-99") as refused:
            await backend.diagnostics.logs("beta", "beta-99", 1)
        assert refused.value.exit_code == WRONG_USE

    async def test_usage_is_of_every_replica_or_of_those_of_some(self, backend: Backend) -> None:
        every = await backend.diagnostics.top(())
        some = await backend.diagnostics.top(("beta",))

        assert [usage.deployment for usage in every] == ["alpha", "beta"]
        assert [usage.deployment for usage in some] == ["beta"]
        for usage in every:
            assert 0 < usage.memory_bytes < usage.memory_limit_bytes
            assert 0 <= usage.cpu_cores < 64

    async def test_every_replica_is_asked_itself_and_one_that_is_silent_is_told(self, backend: Backend) -> None:
        await backend.workloads.scale("beta", 3, BY)
        try:
            answers = await backend.diagnostics.fan_out("beta", "GET", "/", 10.0)
            with backend.silent("beta") as silent:
                partial = await backend.diagnostics.fan_out("beta", "GET", "/", 0.5)
        finally:
            await backend.workloads.scale("beta", 1, BY)

        assert [answer.status for answer in answers] == [200, 200, 200]
        assert len({answer.body for answer in answers}) == 3, "each answers for itself"
        assert {answer.replica for answer in partial} == {answer.replica for answer in answers}
        (missing,) = [answer for answer in partial if answer.status is None]
        assert missing.replica == silent
        assert missing.error

    async def test_a_file_is_read_as_a_replica_sees_it_up_to_a_bound(self, backend: Backend) -> None:
        replica = (await one(backend, "alpha")).replicas[0].name
        small, large = backend.seen / "small", backend.seen / "large"
        small.write_bytes(b"\0content\n")
        with large.open("wb") as file:
            file.truncate(64 * 1024**2 + 1)

        assert await backend.diagnostics.read_file(replica, str(small)) == b"\0content\n"
        for path, said, code in (
            (str(large), "over 64 MiB", REFUSED),
            ("relative", "absolute path", WRONG_USE),
            (str(backend.seen), "no regular file", WRONG_USE),
            (str(backend.seen / "absent"), "cannot be read", FAILED),
        ):
            with pytest.raises(ClusterError, match=said) as refused:
                await backend.diagnostics.read_file(replica, path)
            assert refused.value.exit_code == code
        with pytest.raises(ClusterError, match="gamma-1"):
            await backend.diagnostics.read_file("gamma-1", str(small))

    async def test_an_unknown_name_cannot_be_read(self, backend: Backend) -> None:
        for read in (
            backend.diagnostics.logs("gamma", None, 1),
            backend.diagnostics.top(("gamma",)),
            backend.diagnostics.fan_out("gamma", "GET", "/", 1.0),
        ):
            with pytest.raises(ClusterError, match="gamma") as refused:
                await read
            assert refused.value.exit_code == WRONG_USE
