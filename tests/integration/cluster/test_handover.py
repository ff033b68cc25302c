"""Listening sockets, handed over to whoever of the same user asks."""

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from waqiti.foundation.handover import handing_over
from waqiti.foundation.runtime.listener import bound_socket


def ask(path: Path) -> tuple[list[list[str]], list[socket.socket]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        message, descriptors, _, _ = socket.recv_fds(connection, 65536, 16)
    return json.loads(message or b"[]"), [socket.socket(fileno=descriptor) for descriptor in descriptors]


async def in_thread(path: Path) -> tuple[list[list[str]], list[socket.socket]]:
    return await asyncio.to_thread(ask, path)


async def test_what_is_held_is_handed_over_with_what_it_is_also_when_its_owner_has_closed_it(tmp_path: Path) -> None:
    path = tmp_path / "alpha-1.sock"
    shared, public = bound_socket(), bound_socket()
    ports = [one.getsockname()[1] for one in (shared, public)]

    with handing_over(path, {"alpha": [shared.fileno(), public.fileno()]}):
        shared.close()
        public.close()
        labels, received = await in_thread(path)

    assert labels == [["alpha", "shared"], ["alpha", "public"]]
    assert [one.getsockname()[1] for one in received] == ports
    with socket.create_connection(("127.0.0.1", ports[0]), timeout=5):
        received[0].accept()[0].close()
    for one in received:
        one.close()


async def test_nobody_else_is_given_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "alpha-1.sock"
    with bound_socket() as shared, handing_over(path, {"alpha": [shared.fileno()]}):
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)

        assert await in_thread(path) == ([], [])


async def test_the_socket_of_a_dead_process_is_replaced_and_a_long_path_is_no_matter(tmp_path: Path) -> None:
    directory = tmp_path / ("deep" * 40)
    directory.mkdir()
    path = directory / "alpha-1.sock"
    path.touch()
    with bound_socket() as shared, handing_over(path, {"alpha": [shared.fileno()]}):
        assert path.is_socket()
