"""What deployments follow at the moment, as far as files say it: nothing is asked of the operations store.

A live value, else what the environment says, else the default.
"""

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from waqiti.contracts.switches import Switch
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import LiveSwitch, SwitchFile, Value
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import environment_of
from waqiti.operations.state.record import Record, read_record
from waqiti.operations.switches.values import value_in

Environments = Mapping[str, Mapping[str, str]]


def published(layout: Layout) -> SwitchFile:
    """Return what replicas read; revision 0 where nothing was published, or what was cannot be read."""
    return read_published(layout) or SwitchFile(0)


def is_published(layout: Layout) -> bool:
    """Return whether a process that starts finds out what is switched; without that it ends."""
    return read_published(layout) is not None


def read_published(layout: Layout) -> SwitchFile | None:
    """Return what replicas read; None where nothing was published, or what was cannot be read."""
    try:
        return msgspec.json.decode(layout.switches.read_bytes(), type=SwitchFile)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def standing(layout: Layout, switch: Switch, service: str) -> Value:
    """Return what a deployment follows."""
    return followed(published(layout), switch, service, environments_of(read_record(layout)).get(service, {}))


def followed(document: SwitchFile, switch: Switch, service: str, environment: Mapping[str, str]) -> Value:
    """Return what processes of a deployment follow that were started with this environment."""
    live = live_in(document, switch.name, service)
    return live.value if live is not None else started_with(switch, environment)[0]


def started(layout: Layout, switch: Switch, services: Collection[str]) -> dict[str, Value]:
    """Return what each of these deployments follows where nothing is live."""
    environments = environments_of(read_record(layout))
    return {service: started_with(switch, environments.get(service, {}))[0] for service in services}


def live_in(document: SwitchFile, name: str, service: str) -> LiveSwitch | None:
    """Return the live value of a switch of one deployment, where it has one that has not expired."""
    now = utc_now()
    for live in document.switches:
        if (live.name, live.service) == (name, service) and (live.expires_at is None or live.expires_at > now):
            return live
    return None


def started_with(switch: Switch, environment: Mapping[str, str]) -> tuple[Value, Literal["environment", "default"]]:
    """Return the value that an environment gives a switch, and whether it says anything of it."""
    text = environment.get(switch.name)
    if text is None:
        return switch.default, "default"
    value = value_in(switch, text)
    # A process with a value that cannot be read does not start.
    return text if value is None else value, "environment"


def environments_of(record: Record | None) -> Environments:
    """Read what one process of each deployment was started with, of those that have one."""
    found: dict[str, Mapping[str, str]] = {}
    for deployment in record.deployments if record is not None else ():
        processes = (one.ref for replica in deployment.replicas for one in replica.processes)
        running = next((ref for ref in processes if ref is not None and ref.alive), None)
        if running is not None:
            found[deployment.name] = environment_of(running.pid)
    return found
