"""What deployments follow at the moment, as far as files say it: nothing is asked of the operations store."""

from collections.abc import Collection, Mapping
from typing import Literal

from waqiti.contracts.switches import Switch
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import LiveSwitch, SwitchFile, Value
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import environment_of
from waqiti.operations.switches.confirming import replicas_of
from waqiti.operations.switches.publishing import published
from waqiti.operations.switches.wanted import value_of


def standing(layout: Layout, switch: Switch, service: str) -> Value:
    """Return what a deployment follows."""
    live = live_in(published(layout), switch.name, service)
    return live.value if live is not None else started(layout, switch, (service,))[service]


def started(layout: Layout, switch: Switch, services: Collection[str]) -> dict[str, Value]:
    """Return what each of these deployments follows where nothing is live."""
    pids = {view.service: view.pids[0] for view in replicas_of(layout, services)}
    environments = {service: environment_of(pids[service]) if service in pids else {} for service in services}
    return {service: started_with(switch, environment)[0] for service, environment in environments.items()}


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
    try:
        return value_of(switch, text), "environment"
    except ClusterError:
        # A process with such a value does not start.
        return text, "environment"
