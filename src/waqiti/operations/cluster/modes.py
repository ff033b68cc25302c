"""Which modes are on, from ``switches.json`` and the environment of processes that run: no service is asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from waqiti.contracts.switches import (
    EMERGENCY_MODE,
    ISOLATION_MODE,
    MAINTENANCE_MODE,
    READ_ONLY_MODE,
    SWITCHES,
    Switch,
)
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import LiveSwitch, SwitchFile
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import environment_of
from waqiti.operations.state.record import Record, read_record

TRUE: Final = frozenset({"true", "1"})
"""What stands for true in an environment, in lower case."""

_NAMES: Final = (ISOLATION_MODE, MAINTENANCE_MODE, EMERGENCY_MODE, READ_ONLY_MODE)
_MODES: Final = tuple(switch for name in _NAMES for switch in SWITCHES if switch.name == name)
_FILE: Final = msgspec.json.Decoder(SwitchFile)

Live = Mapping[tuple[str, str], LiveSwitch]
Environments = Mapping[str, Mapping[str, str]]


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


def live_switches(layout: Layout) -> Live:
    """Return what is published and has not expired, by switch and deployment; nothing where it cannot be read."""
    now = utc_now()
    try:
        switches = _FILE.decode(layout.switches.read_bytes()).switches
    except (OSError, ValueError, msgspec.MsgspecError):
        return {}
    return {(one.name, one.service): one for one in switches if one.expires_at is None or one.expires_at > now}


def modes_on(layout: Layout, record: Record | None) -> tuple[ModeOn, ...]:
    """Return the modes that are on, one for each who set it, gravest first."""
    live, environments = live_switches(layout), _environments(record)
    found: list[ModeOn] = []
    for switch in _MODES:
        by_whom: dict[tuple[str | None, str | None, datetime | None], list[str]] = {}
        for service in switch.deployments:
            if _is_on(switch, service, live, environments):
                by_whom.setdefault(_set_by(live.get((switch.name, service))), []).append(service)
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


def _is_on(switch: Switch, service: str, live: Live, environments: Environments) -> bool:
    found = live.get((switch.name, service))
    if found is not None:
        return found.value is True
    return environments.get(service, {}).get(switch.name, "").lower() in TRUE


def _set_by(live: LiveSwitch | None) -> tuple[str | None, str | None, datetime | None]:
    return (None, None, None) if live is None else (live.owner, live.reason, live.expires_at)


def _environments(record: Record | None) -> Environments:
    """Read what one process of each deployment was started with."""
    found: dict[str, Mapping[str, str]] = {}
    for deployment in record.deployments if record is not None else ():
        processes = (one.ref for replica in deployment.replicas for one in replica.processes)
        running = next((ref for ref in processes if ref is not None and ref.alive), None)
        if running is not None:
            found[deployment.name] = environment_of(running.pid)
    return found
