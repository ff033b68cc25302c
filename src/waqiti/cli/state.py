"""The state directory of a platform that was started once."""

from waqiti.operations.cluster.errors import REFUSED, ClusterError
from waqiti.operations.cluster.layout import Layout


def known_state() -> Layout:
    """Return the state directory.

    Raises:
        ClusterError: no platform was ever started in it.
    """
    layout = Layout.of(None)
    if not layout.cluster.is_dir():
        raise ClusterError(f"{layout.root} holds no platform: start one with waqiti up", REFUSED)
    return layout
