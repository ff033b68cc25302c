"""Setting and unsetting: stored with its audit in one transaction, published, confirmed."""

import sqlite3
import time
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from waqiti.foundation.clock import rfc3339, utc_now
from waqiti.foundation.switches.file import LiveSwitch, Value
from waqiti.operations.state.layout import Layout
from waqiti.operations.store import audit, transaction
from waqiti.operations.store import switches as rows
from waqiti.operations.switches.confirming import ReplicaApplied, wait_confirmed
from waqiti.operations.switches.journalling import EXPIRY, OVER, SwitchJournal, write_expired
from waqiti.operations.switches.present import published
from waqiti.operations.switches.publishing import publish


class SwitchChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted: ``value`` None unsets; ``expires_at`` None keeps it until it is unset."""

    name: str
    value: Value | None
    services: tuple[str, ...]
    actor: str
    reason: str
    expires_at: datetime | None = None


class ChangedSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; ``notes`` are sentences for whoever asked for it."""

    revision: int
    replicas: tuple[ReplicaApplied, ...]
    unreached: tuple[str, ...]
    notes: tuple[str, ...] = ()


class _Audited(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    services: Sequence[str]
    before: dict[str, Value | None]
    value: Value | None
    reason: str
    expires_at: str | None


def change(layout: Layout, wanted: SwitchChange) -> ChangedSwitch:
    """Change a switch, and return when every live replica follows, or five seconds later.

    Unsetting what is not set makes no revision; what a killed command has left unpublished is published all the same.

    Raises:
        ClusterError: the operations store cannot be used.
    """
    journal = SwitchJournal(layout, wanted.name, wanted.services)
    with transaction(layout.operations_store) as connection:
        forget_expired(connection, layout)
        is_new = wanted.value is not None or _is_set(connection, wanted)
        revision = _store(connection, wanted, published(layout).revision) if is_new else rows.revision(connection)
    published_at_ns = time.monotonic_ns()
    document = publish(layout)
    if is_new:
        at = next((live.set_at for live in document.switches if live.revision == revision), utc_now())
        journal.write(wanted.value, revision, at, actor=wanted.actor, reason=wanted.reason)
    notes = () if is_new else (f"{wanted.name} is not set: there is nothing to unset",)
    confirmed = wait_confirmed(layout, wanted.services, wanted.name, revision, published_at_ns)
    return ChangedSwitch(revision=revision, replicas=confirmed.replicas, unreached=confirmed.unreached, notes=notes)


def forget_expired(connection: sqlite3.Connection, layout: Layout) -> None:
    """Unset what has expired, in the caller's transaction; replicas have let go of it by themselves."""
    now = utc_now()
    expired = [switch for switch in rows.read(connection) if switch.expires_at is not None and switch.expires_at <= now]
    for name in sorted({switch.name for switch in expired}):
        services = tuple(switch.service for switch in expired if switch.name == name)
        wanted = SwitchChange(name=name, value=None, services=services, actor=EXPIRY, reason=OVER)
        _store(connection, wanted, published(layout).revision)
    write_expired(layout, expired)


def _store(connection: sqlite3.Connection, wanted: SwitchChange, published_revision: int) -> int:
    revision, now = rows.raise_revision(connection, published_revision), utc_now()
    before = _before(connection, wanted.name, wanted.services)
    for service in wanted.services:
        if wanted.value is None:
            rows.remove(connection, wanted.name, service)
        else:
            rows.put(connection, _live(wanted, wanted.value, service, revision, now))
    details = _Audited(
        revision=revision,
        services=wanted.services,
        before=before,
        value=wanted.value,
        reason=wanted.reason,
        expires_at=rfc3339(wanted.expires_at) if wanted.expires_at else None,
    )
    action = "switch.set" if wanted.value is not None else "switch.unset"
    audit.append(connection, actor=wanted.actor, action=action, subject=wanted.name, details=details, at=now)
    return revision


def _is_set(connection: sqlite3.Connection, wanted: SwitchChange) -> bool:
    return any(value is not None for value in _before(connection, wanted.name, wanted.services).values())


def _before(connection: sqlite3.Connection, name: str, services: Collection[str]) -> dict[str, Value | None]:
    live = {switch.service: switch.value for switch in rows.read(connection) if switch.name == name}
    return {service: live.get(service) for service in services}


def _live(wanted: SwitchChange, value: Value, service: str, revision: int, now: datetime) -> LiveSwitch:
    return LiveSwitch(
        name=wanted.name,
        service=service,
        value=value,
        revision=revision,
        owner=wanted.actor,
        reason=wanted.reason,
        set_at=now,
        expires_at=wanted.expires_at,
    )
