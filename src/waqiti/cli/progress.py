"""What is to be seen while the platform starts, and while many things are done."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from waqiti.cli.output import console, say
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
        ready += [(row.name, row.is_as_wanted) for row in status.deployments]
        for name, is_ready in ready:
            if is_ready and name not in self._done:
                self._done.add(name)
                self._console.print(f"  [green]ready[/]  {name}")
        waiting = [name for name, is_ready in ready if not is_ready]
        if self._status is not None and waiting:
            self._status.update(f"Waiting for {', '.join(waiting)}")


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar with ``total`` steps on standard error; what is given is to be called after each.

    Where standard error is no terminal it is a sentence.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    errors = console(errors=True)
    if not errors.is_terminal:
        say(f"{title}: {total:,}")
        yield _nothing
        return
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as bars:
        task = bars.add_task(title, total=total)
        yield lambda: bars.advance(task)


def _nothing() -> None:
    pass
