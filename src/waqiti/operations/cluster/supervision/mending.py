"""A deployment whose specification is damaged or gone goes on, as far as it can be seen by what runs."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.specification import Specification, made_anew, read_specification
from waqiti.operations.cluster.supervision.saying import say
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import write, write_document
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import environment_of
from waqiti.operations.state.record import ReplicaRecord, read_record


def known_specification(layout: Layout, journal: Journal, name: str, installed: str) -> Specification | None:
    """Return what a deployment shall be; made anew from what runs where its file is damaged or gone.

    None where it never ran. ``installed`` is the release of which it is where nobody can tell.
    """
    replicas = _recorded(layout, name)
    try:
        spec = read_specification(layout, name)
        why = "is gone"
    except ClusterError:
        spec, why = None, "is damaged"
    else:
        if spec is not None or not replicas:
            return spec
    spec = _seen(name, replicas, installed)
    mend(layout, journal, spec, f"{layout.specification(name)} {why}: {spec.lost}")
    return spec


def mend(layout: Layout, journal: Journal, spec: Specification, why: str) -> None:
    """Write a specification again, the damaged file set aside; on a full disk that is tried again later."""
    path = layout.specification(spec.name)
    try:
        _set_aside(path)
        write_document(path, spec)
    except OSError as error:
        say(f"{path} cannot be written again: {error}")
        return
    say(why)
    journal.append(JournalEntry(at=utc_now(), kind="mended", deployment=spec.name, detail=why))


def is_readable(layout: Layout, name: str) -> bool:
    """Return whether the specification is there and whole."""
    try:
        return read_specification(layout, name) is not None
    except ClusterError:
        return False


def _set_aside(path: Path) -> None:
    """Keep a copy: until the new file is there, the damaged one says that something is lost."""
    with suppress(FileNotFoundError):
        write(path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"), path.read_bytes())


def _recorded(layout: Layout, name: str) -> tuple[ReplicaRecord, ...] | None:
    """Return the replicas that ran when everything had been started; None where that is not known."""
    record = read_record(layout)
    rows = record.deployments if record is not None and record.prepared else ()
    found = next((row.replicas for row in rows if row.name == name), None)
    return None if found is None else tuple(one for one in found if not one.draining)


def _seen(name: str, replicas: tuple[ReplicaRecord, ...] | None, installed: str) -> Specification:
    desired = 1 if replicas is None else len(replicas)
    of_what = "how many replicas were wanted is not known" if replicas is None else "counted by what runs"
    lost = f"wanted are {desired} now ({of_what}); what was set or deployed before is not known"
    if not replicas:
        return made_anew(name, installed, utc_now(), lost, desired=desired)
    serving = max(replicas, key=lambda one: (all(row.ready for row in one.processes), one.revision, one.epoch))
    release = _release(serving) or installed
    return made_anew(name, release, utc_now(), lost, revision=serving.revision, epoch=serving.epoch, desired=desired)


def _release(replica: ReplicaRecord) -> str | None:
    """Return the release that a living process of a replica was started with."""
    refs = [row.ref for row in replica.processes if row.ref is not None and row.ref.alive]
    return next((found for ref in refs if (found := environment_of(ref.pid).get("WAQITI_RELEASE"))), None)
