"""Calling ml-service as an operator; what it refuses is a sentence and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from waqiti.cli.state import known_state
from waqiti.client import ApiError, Client, ConnectionFailed, Unavailable, pages
from waqiti.client.errors import InvalidRequest, NotFound, Unauthorized
from waqiti.contracts.catalog import ML
from waqiti.contracts.public.models import ModelVersion
from waqiti.operations.cluster.credentials_file import read_credentials
from waqiti.operations.cluster.errors import FAILED, REFUSED, WRONG_USE, ClusterError
from waqiti.operations.cluster.layout import Layout

GATE_FAILED: Final = "gate_failed"
_ATTEMPTS: Final = 2


@contextmanager
def calling_registry() -> Iterator[tuple[Layout, Client]]:
    """Give the state directory and a client of its registry.

    Raises:
        ClusterError: no platform runs there, or the registry refuses what is asked.
    """
    layout = known_state()
    credentials = read_credentials(layout)
    if credentials is None or ML not in credentials.services:
        raise ClusterError(f"{layout.root} has no {ML}: start the platform with waqiti up", REFUSED)
    try:
        with Client(credentials.services[ML], credentials.operator_key, max_attempts=_ATTEMPTS) as client:
            yield layout, client
    except (ConnectionFailed, Unauthorized) as error:
        raise ClusterError(f"{ML} of {layout.root} does not answer: waqiti up starts it", REFUSED) from error
    except ApiError as error:
        raise ClusterError(_sentence(error), _exit_code(error)) from error


def all_versions(client: Client) -> list[ModelVersion]:
    """Read every version, newest first."""
    return list(pages(client.models.versions, limit=100))


def champion_of(versions: list[ModelVersion]) -> ModelVersion | None:
    """Return the version in force, if there is one."""
    return next((found for found in versions if found.champion), None)


def _sentence(error: ApiError) -> str:
    if error.code != GATE_FAILED:
        return error.detail
    gates = [f"  {found.detail}" for found in error.errors]
    return "\n".join([error.detail, *gates, "--force --reason TEXT passes over all but loads"])


def _exit_code(error: ApiError) -> int:
    if isinstance(error, NotFound | InvalidRequest):
        return WRONG_USE
    return REFUSED if error.code == GATE_FAILED or isinstance(error, Unavailable) else FAILED
