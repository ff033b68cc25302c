"""Reads from the replicas of this machine: logs, usage, files, and answers of each one's own port."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, Literal

from waqiti.foundation.errors import Problem
from waqiti.foundation.http.client import Deadline, HttpClient
from waqiti.operations.cluster.backend.usage import measure
from waqiti.operations.cluster.credentials_file import read_credentials
from waqiti.operations.cluster.diagnostics import LogLines, ReplicaAnswer, Usage
from waqiti.operations.cluster.logs import WHOLE_LINE_CHARACTERS, tail
from waqiti.operations.cluster.rolling import check_deployment
from waqiti.operations.errors import FAILED, REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import ReplicaRecord, read_record

MOST_BYTES: Final = 64 * 1024**2
_HOST: Final = "127.0.0.1"


class LocalDiagnostics:
    """``Diagnostics`` of the cluster in a state directory."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    async def logs(self, name: str, replica: str | None, tail_lines: int) -> tuple[LogLines, ...]:
        """Return the last lines of each replica that has a log, or of one; see ``Diagnostics.logs``."""
        check_deployment(self._layout, name)
        names = sorted(log.stem for log in self._layout.logs.glob(f"{name}-[0-9]*.log"))
        if replica is not None and replica not in names:
            raise ClusterError(f"{name} has no replica {replica}; there are {', '.join(names) or 'none'}", WRONG_USE)
        chosen = names if replica is None else [replica]
        ends = {one: tail(self._layout.log(one), tail_lines, WHOLE_LINE_CHARACTERS) for one in chosen}
        return tuple(LogLines(replica=one, lines=tuple(lines)) for one, lines in ends.items())

    async def top(self, names: tuple[str, ...]) -> tuple[Usage, ...]:
        """Return what replicas use over one second, in the order of deployments; see ``Diagnostics.top``."""
        for name in names:
            check_deployment(self._layout, name)
        return await measure(self._layout, names)

    async def read_file(self, replica: str, path: str) -> bytes:
        """Return a regular file as a live replica sees it.

        Raises:
            ClusterError: there is no such replica, it does not run, the path is not absolute or no regular file (2), or
                it is over 64 MiB (3), or cannot be read (1).
        """
        if not PurePosixPath(path).is_absolute() or "\0" in path:
            raise ClusterError(f"A file of a replica is named by its absolute path, and not by {path!r}", WRONG_USE)
        return await asyncio.to_thread(_read, f"/proc/{self._pid(replica)}/root{path}", replica, path)

    async def fan_out(
        self, name: str, method: Literal["GET", "POST", "DELETE"], path: str, timeout_seconds: float
    ) -> tuple[ReplicaAnswer, ...]:
        """Ask every replica at its own port, all at once; see ``Diagnostics.fan_out``."""
        check_deployment(self._layout, name)
        credentials = read_credentials(self._layout)
        if credentials is None:
            raise ClusterError("There is no operator's key yet: start the platform with waqiti up", REFUSED)
        headers = [(b"authorization", b"Bearer " + credentials.operator_key.encode()), (b"connection", b"close")]
        replicas = [replica for deployment, replica in self._replicas() if deployment == name]
        return tuple(
            await asyncio.gather(*(_ask(replica, method, path, headers, timeout_seconds) for replica in replicas))
        )

    def _replicas(self) -> Iterator[tuple[str, ReplicaRecord]]:
        record = read_record(self._layout)
        for row in record.deployments if record is not None else ():
            for replica in row.replicas:
                yield row.name, replica

    def _pid(self, name: str) -> int:
        replica = next((replica for _, replica in self._replicas() if replica.name == name), None)
        if replica is None:
            known = ", ".join(replica.name for _, replica in self._replicas())
            raise ClusterError(f"No replica is called {name}; there are {known or 'none'}", WRONG_USE)
        for process in replica.processes:
            if process.ref is not None and process.ref.alive:
                return process.ref.pid
        raise ClusterError(f"{name} does not run just now: look again", FAILED)


async def _ask(
    replica: ReplicaRecord, method: str, path: str, headers: list[tuple[bytes, bytes]], timeout_seconds: float
) -> ReplicaAnswer:
    port = next((process.port for process in replica.processes if process.role == "api" and process.ref), None)
    if port is None:
        return ReplicaAnswer(replica=replica.name, status=None, error="It does not run just now.")
    client = HttpClient(replica.name, f"http://{_HOST}:{port}")
    try:
        answer = await client.request(method, path, headers=headers, deadline=Deadline(timeout_seconds))
    except Problem as problem:
        return ReplicaAnswer(replica=replica.name, status=None, error=problem.detail)
    except ValueError as error:
        raise ClusterError(str(error), WRONG_USE) from error
    finally:
        await client.close()
    return ReplicaAnswer(replica=replica.name, status=answer.status, body=answer.body)


def _read(seen_at: str, replica: str, path: str) -> bytes:
    try:
        # One that nobody writes to, such as a pipe, must not be waited for.
        descriptor = os.open(seen_at, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ClusterError(f"{path} of {replica} is no regular file", WRONG_USE)
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(MOST_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ClusterError(f"{path} of {replica} cannot be read: {error.strerror}", FAILED) from error
    if len(content) > MOST_BYTES:
        raise ClusterError(f"{path} of {replica} is over {MOST_BYTES // 1024**2} MiB, which is the most", REFUSED)
    return content
