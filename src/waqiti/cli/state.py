"""The state directory of a platform that was started once."""

from waqiti.operations.cluster.credentials_file import Credentials, read_credentials
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.layout import Layout


def known_state() -> Layout:
    """Return the state directory.

    Raises:
        ClusterError: no platform was ever started in it.
    """
    layout = Layout.of(None)
    if not layout.cluster.is_dir():
        raise ClusterError(f"{layout.root} holds no platform: start one with waqiti up", REFUSED)
    return layout


def credentials_of(layout: Layout) -> Credentials:
    """Return the addresses and keys of the platform in a state directory.

    Raises:
        ClusterError: none was ever started there, or the file is not readable.
    """
    credentials = read_credentials(layout)
    if credentials is None:
        raise ClusterError(f"No platform runs in {layout.root}: start it with waqiti up", REFUSED)
    return credentials
