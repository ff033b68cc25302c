"""``credentials.json``: what ``waqiti up`` tells its users."""

import msgspec

from waqiti.operations.errors import ClusterError
from waqiti.operations.state.layout import Layout


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """``credentials.json``: addresses by deployment, and the keys."""

    base_url: str
    operations_url: str
    api_key: str
    operator_key: str
    approver_key: str
    services: dict[str, str]
    databases: dict[str, str]


def read_credentials(layout: Layout) -> Credentials | None:
    """Return what the last start published, if there was one.

    Raises:
        ClusterError: the file is not what a start publishes.
    """
    try:
        return msgspec.json.decode(layout.credentials.read_bytes(), type=Credentials)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        sentence = f"{layout.credentials} cannot be read ({error}): restore it; or remove it, and let waqiti down and"
        raise ClusterError(f"{sentence} waqiti up write it anew, with new keys") from error
