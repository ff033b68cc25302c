"""The databases of a platform, for commands that read or write them without its services."""

import logging

from waqiti.cli.state import credentials_of
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.layout import Layout


def read_databases(layout: Layout) -> dict[str, str]:
    """Return the address of each deployment's database.

    Raises:
        ClusterError: there is no platform in this state directory.
    """
    databases = credentials_of(layout).databases
    keep_quiet()
    return databases


def keep_quiet() -> None:
    """Log nothing: why a connection failed is for a service's log; in a command it is one sentence."""
    logging.getLogger("waqiti").addHandler(logging.NullHandler())


def no_answer(layout: Layout) -> ClusterError:
    """Return what a command says where a database does not answer."""
    return ClusterError(f"The database of {layout.root} does not answer: start it with waqiti up", REFUSED)
