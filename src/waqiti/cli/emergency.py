"""Heavy work waits while a platform on the same machine is in an emergency."""

from waqiti.contracts.catalog import GATEWAY
from waqiti.contracts.switches import EMERGENCY_MODE
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import running_init
from waqiti.operations.switches.present import standing
from waqiti.operations.switches.wanted import switch_called


def refuse_in_an_emergency(work: str) -> None:
    """Let work go on unless the platform of the state directory runs, and is in an emergency.

    Raises:
        ClusterError: it is.
    """
    layout = Layout.of(None)
    if running_init(layout) is None:
        return
    if standing(layout, switch_called(EMERGENCY_MODE), GATEWAY):
        raise ClusterError(f"{EMERGENCY_MODE} is on, and {work} is heavy work: it has to wait", REFUSED)
