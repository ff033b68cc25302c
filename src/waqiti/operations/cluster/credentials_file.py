"""``credentials.json``: what ``waqiti up`` tells its users."""

import msgspec

from waqiti.operations.cluster.files import read_document
from waqiti.operations.cluster.layout import Layout


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """``credentials.json``: addresses by deployment, and the keys."""

    base_url: str
    api_key: str
    operator_key: str
    approver_key: str
    services: dict[str, str]
    databases: dict[str, str]


def read_credentials(layout: Layout) -> Credentials | None:
    """Return what the last start published, if there was one."""
    return read_document(layout.credentials, Credentials)
