"""What is to be seen while the platform starts."""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from waqiti.cli.output import console
from waqiti.operations.cluster.status import ClusterStatus

if TYPE_CHECKING:
    from rich.status import Status


class StartProgress(AbstractContextManager["StartProgress"]):
    """One line on standard error for each part that becomes ready; on a terminal also what is being waited for."""

    def __init__(self, *, shown: bool) -> None:
        self._console = console(errors=True) if shown else None
        self._done: set[str] = set()
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if self._console is not None and self._console.is_terminal:
            self._status = self._console.status("Starting")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def update(self, status: ClusterStatus) -> None:
        """Show what is new."""
        if self._console is None:
            return
        ready = [("PostgreSQL", status.postgres.ready)]
        ready += [(row.name, row.state == "Ready") for row in status.deployments]
        for name, is_ready in ready:
            if is_ready and name not in self._done:
                self._done.add(name)
                self._console.print(f"  [green]ready[/]  {name}")
        waiting = [name for name, is_ready in ready if not is_ready]
        if self._status is not None and waiting:
            self._status.update(f"Waiting for {', '.join(waiting)}")
