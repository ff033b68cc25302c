"""``waqiti compliance lists``: loading lists of names, and what is loaded."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import msgspec
from cyclopts import Parameter

from waqiti.cli.databases import no_answer, read_databases
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.state import known_state
from waqiti.contracts.catalog import COMPLIANCE
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.operations.cluster.status import cluster_status
from waqiti.operations.errors import FAILED, REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.store import audit, transaction
from waqiti.operations.store.actor import actor
from waqiti.operations.switches.wanted import reason_of
from waqiti.services.compliance.domain.lists import SourceList
from waqiti.services.compliance.domain.ofac import read_ofac
from waqiti.services.compliance.domain.screening import ListError
from waqiti.services.compliance.domain.shrinking import ListShrinks, ListSize, Shrinkage, refuse
from waqiti.services.compliance.service import shipped_source
from waqiti.services.compliance.store.lists import LoadedList, Reader
from waqiti.services.compliance.usecases import lists as use

_WAIT_SECONDS: Final = 60.0
_SHRINKS: Final = (
    "The list in use stays. Are the files complete? If they are meant so, --accept-shrinking --reason TEXT loads them"
)
_MOST_BYTES: Final = 256 * 1024 * 1024


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What ``lists load --json`` prints; ``unreached`` names the processes that do not serve the list yet."""

    source: str
    version: str
    entries: int
    names: int
    seconds: float
    replicas: list[Reader]
    unreached: list[str]


class _Accepted(msgspec.Struct, frozen=True):
    """What the audit keeps of a list that shrinks."""

    version: str
    before: ListSize
    after: ListSize
    reason: str


class Lists(msgspec.Struct, frozen=True):
    """What ``lists list --json`` prints."""

    lists: list[LoadedList]
    replicas: list[Reader]


def load(
    *,
    source: Literal["ofac"],
    path: Path,
    accept_shrinking: Annotated[bool, Parameter(negative="")] = False,
    reason: str | None = None,
    json: Json = False,
) -> int:
    """Load a list of names; return when every replica screens against it. Exit 3 where it shrinks by over a tenth.

    Parameters
    ----------
    source
        Whose list it is, and so its layout: ofac is the SDN list as OFAC publishes it.
    path
        The directory of its files: sdn.csv and alt.csv.
    accept_shrinking
        Load it even where it loses more than a tenth of the entries or names in use, or every alternate name.
    reason
        With --accept-shrinking: why, for the audit.
    """
    began = time.monotonic()
    new = _read(path, source)
    layout = known_state()
    accept = _acceptance(layout, reason, accepted=accept_shrinking)
    url = read_databases(layout)[COMPLIANCE]
    try:
        readers, unreached = asyncio.run(_load(layout, url, new, accept, shown=not json))
    except ListShrinks as error:
        raise ClusterError(f"{error}. {_SHRINKS}", REFUSED) from error
    except DependencyUnavailable as error:
        raise no_answer(layout) from error
    size = ListSize.of(new)
    done = Loaded(
        source=source,
        version=new.of.version,
        entries=size.entries,
        names=size.names,
        seconds=round(time.monotonic() - began, 3),
        replicas=readers,
        unreached=unreached,
    )
    if json:
        print_document(done)
    else:
        counted = f"{done.entries:,} entries, {done.names:,} names"
        say(f"{source} {done.version}: {counted}, in use after {done.seconds} s")
    if unreached:
        say(f"waqiti: not served after {_WAIT_SECONDS:g} s by {', '.join(unreached)}")
    return FAILED if unreached else 0


def show(*, json: Json = False) -> int:
    """List what is screened against, and by which processes."""
    layout = known_state()
    url = read_databases(layout)[COMPLIANCE]
    try:
        found = asyncio.run(_all(url))
    except DependencyUnavailable as error:
        raise no_answer(layout) from error
    if json:
        print_document(found)
    else:
        _show(found)
    return 0


def _read(path: Path, source: str) -> SourceList:
    try:
        entries = read_ofac(_content(path / "sdn.csv"), _content(path / "alt.csv"))
        return SourceList.from_entries(source, entries).checked()
    except ListError as error:
        raise ClusterError(f"{path}: {error}", WRONG_USE) from error


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ClusterError(f"{path} is too large to be a list of names", WRONG_USE)
        return path.read_bytes()
    except OSError as error:
        raise ClusterError(f"{path} cannot be read: {error.strerror}", WRONG_USE) from error


def _acceptance(layout: Layout, reason: str | None, *, accepted: bool) -> use.Acceptance:
    """Return what becomes of a list that shrinks: it is refused, or accepted for a reason that the audit keeps.

    Raises:
        ClusterError: wrong use: one is given without the other.
    """
    if not accepted and reason is None:
        return refuse
    if not accepted or reason is None:
        raise ClusterError("--accept-shrinking and --reason TEXT belong together", WRONG_USE)
    why = reason_of(reason)

    def write_down(found: Shrinkage) -> None:
        with transaction(layout.operations_store) as connection:
            audit.append(
                connection,
                actor=actor(),
                action="list.shrinking_accepted",
                subject=found.of.source,
                details=_Accepted(found.of.version, found.before, found.after, why),
                at=utc_now(),
            )

    return write_down


async def _load(
    layout: Layout, url: str, new: SourceList, accept: use.Acceptance, *, shown: bool
) -> tuple[list[Reader], list[str]]:
    database = await Database.open(url, name=COMPLIANCE, max_size=1, min_idle=0)
    try:
        with _Progress(shown=shown) as progress:
            await use.load(database, new, progress.stored, accept)
            progress.wait()
            return await use.wait_for_readers(
                database, shipped_source(), lambda: _processes(layout), seconds=_WAIT_SECONDS
            )
    finally:
        await database.close()


def _processes(layout: Layout) -> set[tuple[str, str]]:
    """Return replica and role of the processes of compliance-service that run here."""
    with suppress(ClusterError):
        rows = [row for row in cluster_status(layout).deployments if row.name == COMPLIANCE]
        return {(one.name, process.role) for row in rows for one in row.replicas for process in one.processes}
    return set()


async def _all(url: str) -> Lists:
    database = await Database.open(url, name=COMPLIANCE, max_size=1, min_idle=0)
    try:
        loaded, readers = await use.overview(database, shipped_source())
        return Lists(loaded, readers)
    finally:
        await database.close()


class _Progress:
    """What is going on, on a terminal."""

    def __init__(self, *, shown: bool) -> None:
        self._console = console(errors=True) if shown else None
        self._status = None
        if self._console is not None and self._console.is_terminal:
            self._status = self._console.status("Storing")

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._status is not None:
            self._status.stop()

    def stored(self, done: int, of: int) -> None:
        """Say how far it is."""
        if self._status is not None:
            self._status.update(f"Stored {done:,} of {of:,} entries")

    def wait(self) -> None:
        """Say what is waited for."""
        if self._status is not None:
            self._status.update("Waiting for every replica to take it up")


def _show(found: Lists) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("source", "version", "loaded", "entries", "names"):
        table.add_column(title, justify="right" if title in {"entries", "names"} else "left", no_wrap=True)
    for one in found.lists:
        loaded = "ships" if one.loaded_at is None else f"{one.loaded_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(one.source, one.version, loaded, f"{one.entry_count:,}", f"{one.name_count:,}")
    console().print(table)
    for reader in found.replicas:
        console().print(f"{reader.replica or '-'} {reader.role} (pid {reader.pid}): {reader.version}", markup=False)
