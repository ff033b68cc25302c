"""``waqiti models promote`` and ``rollback``: which version scores, changed on every replica."""

from typing import Final

import msgspec

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.registry.calling import GATE_FAILED, GatesFailed, GateView, calling_registry
from waqiti.client import Conflict, ModelInForce
from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.ml import PATIENCE_SECONDS
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.status import cluster_status
from waqiti.operations.errors import FAILED, WRONG_USE, ClusterError
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.store import audit, transaction
from waqiti.operations.store.actor import actor

_PROMOTE: Final = ("model.promote", "model.promoted")
_ROLL_BACK: Final = ("model.rollback", "model.rolled_back")
_FORCE: Final = "model.force"


class Refused(msgspec.Struct, frozen=True):
    """What ``models promote --json`` prints where gates refuse; those that the version does not pass."""

    error: str
    gates: list[GateView]


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    reason: str
    in_force: int


class _Forced(msgspec.Struct, frozen=True, kw_only=True):
    asked_seq: int
    reason: str
    gates: list[str]


class _Came(msgspec.Struct, frozen=True, kw_only=True):
    asked_seq: int
    revision: int
    changed: bool
    forced: bool


def promote(version: str, /, *, force: bool = False, reason: str = "", json: Json = False) -> int:
    """Bring a version into force on every replica; exit 3 where a gate refuses it, 1 where a replica is late or absent.

    Parameters
    ----------
    version
        The version, such as v1.0.1.
    force
        Also where it does not pass a gate; that needs a reason, and is audited.
    reason
        Why, for the history and the audit.
    """
    if force and not reason.strip():
        raise ClusterError("--force needs --reason TEXT", WRONG_USE)
    try:
        return _promote(version, force=force, reason=reason, as_json=json)
    except GatesFailed as refused:
        if not json:
            raise
        say(f"waqiti: {refused}")
        print_document(Refused(error=refused.summary, gates=refused.gates))
        return refused.exit_code


def _promote(version: str, *, force: bool, reason: str, as_json: bool) -> int:
    with calling_registry() as (layout, client):
        before = client.models.revision()
        asked_seq = _audit(layout, _PROMOTE[0], version, _Wanted(reason=reason, in_force=before))
        try:
            done = client.models.promote(version, reason=reason, expected_revision=before)
        except Conflict as refused:
            if refused.code != GATE_FAILED or not force:
                raise
            gates = [gate.detail for gate in refused.errors]
            _audit(layout, _FORCE, version, _Forced(asked_seq=asked_seq, reason=reason, gates=gates))
            done = client.models.promote(version, force=True, reason=reason, expected_revision=before)
        _write_down(layout, _PROMOTE[1], asked_seq, done, reason)
    return _report(layout, done, as_json=as_json)


def rollback(version: str, /, *, reason: str = "", json: Json = False) -> int:
    """Go back to a version on every replica, whatever its figures; exit 1 where a replica is late or absent.

    Parameters
    ----------
    version
        The version, such as v1.0.0.
    reason
        Why, for the history and the audit.
    """
    with calling_registry() as (layout, client):
        before = client.models.revision()
        asked_seq = _audit(layout, _ROLL_BACK[0], version, _Wanted(reason=reason, in_force=before))
        done = client.models.roll_back(version, reason=reason, expected_revision=before)
        _write_down(layout, _ROLL_BACK[1], asked_seq, done, reason)
    return _report(layout, done, as_json=json)


def _write_down(layout: Layout, action: str, asked_seq: int, done: ModelInForce, reason: str) -> None:
    """Audit what came of it, and note a change in the journal."""
    came = _Came(asked_seq=asked_seq, revision=done.revision, changed=done.changed, forced=done.forced)
    _audit(layout, action, done.version, came)
    if done.changed:
        entry = JournalEntry(at=utc_now(), kind="model", deployment=FRAUD, reason=reason, detail=done.version)
        Journal(layout.events).append(entry)


def _audit(layout: Layout, action: str, version: str, details: object) -> int:
    """Write an audit entry; what is wanted is written before it is asked for, so that nothing is done without one."""
    with transaction(layout.operations_store) as connection:
        return audit.append(connection, actor=actor(), action=action, subject=version, details=details, at=utc_now())


def shortcoming(done: ModelInForce, desired: int) -> str | None:
    """Return what is wrong with who serves a version, of ``desired`` replicas that shall."""
    if done.unreached:
        return f"Not served within {PATIENCE_SECONDS:g} s by {', '.join(done.unreached)}"
    if desired and not done.replicas:
        return f"Nobody serves it: no replica of {FRAUD} was seen"
    return None


def _desired(layout: Layout) -> int:
    return sum(row.desired for row in cluster_status(layout).deployments if row.name == FRAUD)


def _report(layout: Layout, done: ModelInForce, *, as_json: bool) -> int:
    if as_json:
        print_document(done)
    else:
        for replica in done.replicas:
            console().print(f"{replica.name}  {replica.applied_ms:g} ms", markup=False)
        already = "" if done.changed else " already"
        say(f"{done.version} is{already} in force, revision {done.revision}: {len(done.replicas)} replicas serve it")
    wrong = shortcoming(done, _desired(layout))
    if wrong is None:
        return 0
    say(wrong)
    return FAILED
