"""What every switch is at the moment, where that comes from, and who follows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from waqiti.contracts.switches import SWITCHES, Switch
from waqiti.foundation.switches.file import SwitchFile, Value
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import read_record
from waqiti.operations.store import switches as rows
from waqiti.operations.store import transaction
from waqiti.operations.switches.changing import forget_expired
from waqiti.operations.switches.confirming import ReplicaView, replicas_of, until_follow
from waqiti.operations.switches.present import environments_of, live_in, published, started_with
from waqiti.operations.switches.publishing import publish


class SwitchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One switch of one deployment: who set it, why and until when, where it is live; who follows what is published."""

    name: str
    service: str
    value: Value
    source: Literal["live", "environment", "default"]
    owner: str | None = None
    reason: str | None = None
    set_at: datetime | None = None
    expires_at: datetime | None = None
    replicas: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()


class SwitchList(msgspec.Struct, frozen=True):
    """All switches, at the revision that is published."""

    revision: int
    switches: tuple[SwitchRow, ...]


def list_switches(layout: Layout) -> SwitchList:
    """Return every switch of every deployment that has it; publish what a killed command has not.

    Raises:
        ClusterError: the operations store cannot be used.
    """
    with transaction(layout.operations_store) as connection:
        forget_expired(connection, layout)
        revision = rows.revision(connection)
    is_new = revision > published(layout).revision
    document = publish(layout)
    services = {service for switch in SWITCHES for service in switch.deployments}
    views = until_follow(layout, services, document.revision) if is_new else replicas_of(layout, services)
    environments = environments_of(read_record(layout))
    shown = [
        _row(
            switch,
            service,
            document,
            [view for view in views if view.service == service],
            environments.get(service, {}),
        )
        for switch in SWITCHES
        for service in switch.deployments
    ]
    return SwitchList(document.revision, tuple(shown))


def effective(found: SwitchList, name: str, service: str) -> Value:
    """Return the value of a switch of one deployment."""
    return next(row.value for row in found.switches if (row.name, row.service) == (name, service))


def _row(
    switch: Switch,
    service: str,
    document: SwitchFile,
    views: list[ReplicaView],
    environment: Mapping[str, str],
) -> SwitchRow:
    follow = {view.name: view.follows(document.revision, switch.name) for view in views}
    reached = tuple(name for name, does in follow.items() if does)
    unreached = tuple(name for name, does in follow.items() if not does)
    live = live_in(document, switch.name, service)
    if live is None:
        value, source = started_with(switch, environment)
        return SwitchRow(
            name=switch.name, service=service, value=value, source=source, replicas=reached, unreached=unreached
        )
    return SwitchRow(
        name=switch.name,
        service=service,
        value=live.value,
        source="live",
        owner=live.owner,
        reason=live.reason,
        set_at=live.set_at,
        expires_at=live.expires_at,
        replicas=reached,
        unreached=unreached,
    )
