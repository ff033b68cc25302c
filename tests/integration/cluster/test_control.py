"""Requests to the supervisor: done in time, or not at all."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from tests.support.clusters import AUTHOR
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.cluster.supervision import control
from waqiti.operations.cluster.supervision.control import ControlReply, ControlRequest, ask_supervisor, serve_control
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout

REQUEST = ControlRequest(command="restart", name="alpha", id="one", by=AUTHOR)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "state")
    make_state_directory(layout)
    return layout


async def test_a_request_that_failed_is_not_carried_out_later(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(control, "_ANSWER_SECONDS", 0.2)
    handled: list[str] = []

    async def handle(request: ControlRequest) -> ControlReply:
        handled.append(request.id)
        return ControlReply(change=1)

    server = await serve_control(layout, handle)
    asking = asyncio.create_task(asyncio.to_thread(ask_supervisor, layout, REQUEST))
    await asyncio.sleep(0)
    time.sleep(1)  # noqa: ASYNC251 - whoever serves hangs, as one that is stopped does

    with pytest.raises(ClusterError, match="does not answer"):
        await asking
    await asyncio.sleep(0.3)
    assert handled == []
    assert (await asyncio.to_thread(ask_supervisor, layout, REQUEST)).change == 1
    assert handled == ["one"]
    server.close()


async def test_a_request_that_comes_late_is_refused(layout: Layout) -> None:
    server = await serve_control(layout, refused)

    with pytest.raises(ClusterError, match="The restart of alpha came too late and was not begun"):
        await asyncio.to_thread(late, layout)
    server.close()


async def test_a_request_of_another_version_is_refused_with_what_to_do(layout: Layout) -> None:
    reply = msgspec.json.decode(await control._answer(b'{"command": "dance"}', refused), type=ControlReply)

    assert reply.exit_code == 3
    assert reply.error is not None
    assert reply.error.endswith("waqiti down, then waqiti up, has both of one")


async def refused(request: ControlRequest) -> ControlReply:
    raise AssertionError(request)


def late(layout: Layout) -> ControlReply:
    return control._accepted(control._ask_once(layout, REQUEST, 5))
