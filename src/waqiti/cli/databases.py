"""The databases of a platform, for commands that read or write them without its services."""

import json
import logging

from waqiti.operations.cluster.errors import ClusterError
from waqiti.operations.cluster.layout import Layout


def read_databases(layout: Layout) -> dict[str, str]:
    """Return the address of each deployment's database.

    Raises:
        ClusterError: there is no platform in this state directory.
    """
    path = layout.credentials
    try:
        credentials = json.loads(path.read_text())
    except OSError as error:
        raise ClusterError(f"{path} cannot be read ({error.strerror}): start a platform with waqiti up") from error
    keep_quiet()
    return dict(credentials["databases"])


def keep_quiet() -> None:
    """Log nothing: why a connection failed is for a service's log; in a command it is one sentence."""
    logging.getLogger("waqiti").addHandler(logging.NullHandler())


def no_answer(layout: Layout) -> ClusterError:
    """Return what a command says where a database does not answer."""
    return ClusterError(f"The database of {layout.root} does not answer: waqiti up starts it")
