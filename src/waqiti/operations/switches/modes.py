"""Which modes are on, from ``switches.json`` and the environment of processes that run: no service is asked."""

from datetime import datetime
from typing import Final

import msgspec

from waqiti.contracts.switches import EMERGENCY_MODE, ISOLATION_MODE, MAINTENANCE_MODE, READ_ONLY_MODE, SWITCHES
from waqiti.foundation.switches.file import LiveSwitch
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import Record, read_record
from waqiti.operations.switches.present import environments_of, followed, live_in, published

MODES: Final = (ISOLATION_MODE, MAINTENANCE_MODE, EMERGENCY_MODE, READ_ONLY_MODE)
"""The switches that are modes, gravest first."""

_SWITCHES: Final = tuple(switch for name in MODES for switch in SWITCHES if switch.name == name)


class ModeOn(msgspec.Struct, frozen=True, kw_only=True):
    """A mode that is on at ``services``; who set it, why and until when, where it is live and not of the environment.

    ``everywhere``: no deployment that has the mode is without it.
    """

    name: str
    services: tuple[str, ...]
    everywhere: bool
    owner: str | None
    reason: str | None
    expires_at: datetime | None


def modes_on(layout: Layout, record: Record | None) -> tuple[ModeOn, ...]:
    """Return the modes that are on, one for each who set it, gravest first."""
    document, environments = published(layout), environments_of(record)
    found: list[ModeOn] = []
    for switch in _SWITCHES:
        by_whom: dict[tuple[str | None, str | None, datetime | None], list[str]] = {}
        for service in switch.deployments:
            if followed(document, switch, service, environments.get(service, {})) is True:
                by_whom.setdefault(_set_by(live_in(document, switch.name, service)), []).append(service)
        for (owner, reason, expires_at), services in by_whom.items():
            found.append(
                ModeOn(
                    name=switch.name,
                    services=tuple(services),
                    everywhere=len(services) == len(switch.deployments),
                    owner=owner,
                    reason=reason,
                    expires_at=expires_at,
                )
            )
    return tuple(found)


def isolated(layout: Layout) -> dict[str, str]:
    """Return the deployments that are cut off, each with the command that ends it.

    Raises:
        ClusterError: a state file cannot be read.
    """
    found = (mode for mode in modes_on(layout, read_record(layout)) if mode.name == ISOLATION_MODE)
    return {service: _end(service, live=mode.owner is not None) for mode in found for service in mode.services}


def _end(service: str, *, live: bool) -> str:
    # What the environment says is not unset but beaten.
    change = f"unset {ISOLATION_MODE}" if live else f"set {ISOLATION_MODE} false"
    return f"waqiti switch {change} --service {service} --reason ..."


def _set_by(live: LiveSwitch | None) -> tuple[str | None, str | None, datetime | None]:
    return (None, None, None) if live is None else (live.owner, live.reason, live.expires_at)
