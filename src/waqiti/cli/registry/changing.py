"""``waqiti models promote`` and ``rollback``: which version scores, changed on every replica."""

from typing import Final

import msgspec

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.registry.calling import GATE_FAILED, calling_registry
from waqiti.client import Client, Conflict, ModelInForce
from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.ml import PATIENCE_SECONDS
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.errors import FAILED, WRONG_USE, ClusterError
from waqiti.operations.cluster.journal import Journal, JournalEntry
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.store import audit, transaction
from waqiti.operations.store.actor import actor

_FORCED: Final = "model.force"
_PROMOTED: Final = "model.promote"
_ROLLED_BACK: Final = "model.rollback"


class _Forced(msgspec.Struct, frozen=True, kw_only=True):
    reason: str
    gates: list[str]


class _Changed(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    reason: str
    forced: bool


def promote(version: str, /, *, force: bool = False, reason: str = "", json: Json = False) -> int:
    """Bring a version into force on every replica; exit 3 where a gate refuses it, 1 where a replica is late.

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
    with calling_registry() as (layout, client):
        try:
            done = client.models.promote(version, reason=reason)
        except Conflict as refused:
            if refused.code != GATE_FAILED or not force:
                raise
            done = _promote_by_force(layout, client, version, reason, refused)
        _write_down(layout, _PROMOTED, done, reason)
    return _report(done, as_json=json)


def rollback(version: str, /, *, reason: str = "", json: Json = False) -> int:
    """Go back to a version on every replica, whatever its figures; exit 1 where a replica is late.

    Parameters
    ----------
    version
        The version, such as v1.0.0.
    reason
        Why, for the history and the audit.
    """
    with calling_registry() as (layout, client):
        done = client.models.roll_back(version, reason=reason)
        _write_down(layout, _ROLLED_BACK, done, reason)
    return _report(done, as_json=json)


def _promote_by_force(layout: Layout, client: Client, version: str, reason: str, refused: Conflict) -> ModelInForce:
    """Audit what is passed over, and then do it: no force without an entry."""
    details = _Forced(reason=reason, gates=[gate.detail for gate in refused.errors])
    with transaction(layout.operations_store) as connection:
        audit.append(connection, actor=actor(), action=_FORCED, subject=version, details=details, at=utc_now())
    return client.models.promote(version, force=True, reason=reason)


def _write_down(layout: Layout, action: str, done: ModelInForce, reason: str) -> None:
    if not done.changed:
        return
    details = _Changed(revision=done.revision, reason=reason, forced=done.forced)
    with transaction(layout.operations_store) as connection:
        audit.append(connection, actor=actor(), action=action, subject=done.version, details=details, at=utc_now())
    entry = JournalEntry(at=utc_now(), kind="model", deployment=FRAUD, reason=reason, detail=done.version)
    Journal(layout.events).append(entry)


def _report(done: ModelInForce, *, as_json: bool) -> int:
    if as_json:
        print_document(done)
    else:
        for replica in done.replicas:
            console().print(f"{replica.name}  {replica.applied_ms:g} ms", markup=False)
        already = "" if done.changed else " already"
        say(f"{done.version} is{already} in force, revision {done.revision}: {len(done.replicas)} replicas serve it")
    if done.unreached:
        say(f"Not served within {PATIENCE_SECONDS:g} s by {', '.join(done.unreached)}")
        return FAILED
    return 0
