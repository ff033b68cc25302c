"""What may be set for a deployment: nothing that the cluster gives it itself, and only switches that it follows."""

from waqiti.contracts.switches import Switch, find_switch
from waqiti.operations.cluster.supervision.environment import is_given
from waqiti.operations.errors import REFUSED, WRONG_USE, ClusterError
from waqiti.operations.switches.values import value_text
from waqiti.operations.switches.wanted import value_of


def checked_value(deployment: str, name: str, text: str | None) -> str | None:
    """Return a variable as it is to be set, a switch as it is always written; None, which removes it, stays None.

    Raises:
        ClusterError: it is the cluster's own (exit code 3), or a switch that cannot be set so.
    """
    if is_given(name):
        raise ClusterError(
            f"{name} is the cluster's own: it says where things are, and is given to each replica", REFUSED
        )
    switch = find_switch(name)
    return text if switch is None else _switched(deployment, switch, text)


def _switched(deployment: str, switch: Switch, text: str | None) -> str | None:
    if deployment not in switch.deployments:
        has = ", ".join(switch.deployments)
        raise ClusterError(f"{deployment} does not have the switch {switch.name}; it is for {has}", WRONG_USE)
    if text is None:
        return None
    if switch.platform:
        command = f"waqiti switch set {switch.name} {text} --reason ..."
        raise ClusterError(f"{switch.name} is for the whole platform: {command}", WRONG_USE)
    return value_text(value_of(switch, text))
