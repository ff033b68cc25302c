"""What operations read from running replicas, wherever these run."""

from typing import Literal, Protocol

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a replica uses: cores (1.0 is one whole core) over the last second, memory in bytes and its limit."""

    replica: str
    deployment: str
    cpu_cores: float
    memory_bytes: int
    memory_limit_bytes: int


class LogLines(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one replica's log, the oldest line first."""

    replica: str
    lines: tuple[str, ...]


class ReplicaAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one replica answered; ``error`` says why it did not, and then ``status`` is None."""

    replica: str
    status: int | None
    body: bytes = b""
    error: str | None = None


class Diagnostics(Protocol):
    """Reads from every replica of a deployment; each raises ``ClusterError`` with exit code 2 for an unknown name."""

    async def logs(self, name: str, replica: str | None, tail_lines: int) -> tuple[LogLines, ...]:
        """Return the last ``tail_lines`` lines of each replica, or of one."""
        ...

    async def top(self, names: tuple[str, ...]) -> tuple[Usage, ...]:
        """Return what every replica of these deployments uses; of all where none is named."""
        ...

    async def read_file(self, replica: str, path: str) -> bytes:
        """Return a file as a replica sees it: at most 64 MiB."""
        ...

    async def fan_out(
        self, name: str, method: Literal["GET", "POST", "DELETE"], path: str, timeout_seconds: float
    ) -> tuple[ReplicaAnswer, ...]:
        """Ask every replica at its own address, with an operator's key; none is left out because another fails."""
        ...
