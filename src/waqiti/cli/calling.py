"""Asking the running platform with an operator's key; what it refuses is a sentence and an exit code."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from waqiti.cli.state import credentials_of
from waqiti.client import ApiError, Client, Conflict, ConnectionFailed, InvalidRequest, Unauthorized, WaqitiError
from waqiti.contracts.modes import MODES
from waqiti.operations.cluster.credentials_file import Credentials
from waqiti.operations.errors import FAILED, REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout

_OF_MODES: Final = frozenset(mode.code for mode in MODES)


def operator() -> AbstractContextManager[Client]:
    """Give a client with the operator's key, which asks once.

    Raises:
        ClusterError: no platform answers, or it refuses what is asked.
    """
    return _asking(lambda credentials: credentials.operator_key)


def approver() -> AbstractContextManager[Client]:
    """Give a client with the key of the second operator, who approves what the first one proposes; it asks once.

    Raises:
        ClusterError: no platform answers, or it refuses what is asked.
    """
    return _asking(lambda credentials: credentials.approver_key)


@contextmanager
def _asking(key_of: Callable[[Credentials], str]) -> Iterator[Client]:
    layout = Layout.of(None)
    credentials = credentials_of(layout)
    try:
        # A mode lasts for longer than a command should hang, and a connection that breaks is tried again anyway.
        with Client(credentials.base_url, key_of(credentials), max_attempts=1) as client:
            yield client
    except WaqitiError as error:
        raise refusal(error, layout) from error


def refusal(error: WaqitiError, layout: Layout) -> ClusterError:
    """Return what a command says of a call that failed, with its exit code."""
    if isinstance(error, ConnectionFailed):
        return ClusterError(f"{error}. Start the platform of {layout.root} with waqiti up", REFUSED)
    if isinstance(error, Unauthorized):
        return ClusterError(f"What answers is not the platform of {layout.root}: start it with waqiti up", REFUSED)
    if is_of_a_mode(error):
        return ClusterError(f"{error} waqiti switch list says which mode is on, and why", REFUSED)
    if isinstance(error, Conflict):
        return ClusterError(str(error), REFUSED)
    return ClusterError(str(error), WRONG_USE if isinstance(error, InvalidRequest) else FAILED)


def is_of_a_mode(error: WaqitiError) -> bool:
    """Return whether a mode refuses a call: it would be refused again until an operator ends the mode."""
    return isinstance(error, ApiError) and error.code in _OF_MODES
