"""Calling ml-service as an operator; what it refuses is a sentence and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from waqiti.cli.state import known_state
from waqiti.client import ApiError, Client, ConnectionFailed, Unavailable, pages
from waqiti.client.errors import InvalidRequest, NotFound, Unauthorized
from waqiti.contracts.catalog import ML
from waqiti.contracts.public.models import ModelVersion
from waqiti.operations.cluster.credentials_file import read_credentials
from waqiti.operations.errors import FAILED, REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout

GATE_FAILED: Final = "gate_failed"
_ATTEMPTS: Final = 2


class GateView(msgspec.Struct, frozen=True):
    """A gate that refused a version, and why."""

    gate: str
    ok: bool
    detail: str


class GatesFailed(ClusterError):
    """A version does not pass its gates; ``summary`` names them, and ``gates`` says why."""

    def __init__(self, summary: str, gates: list[GateView]) -> None:
        lines = [f"  {found.gate}: {found.detail}" for found in gates]
        super().__init__("\n".join([summary, *lines, "--force --reason TEXT passes over all but loads"]), REFUSED)
        self.summary, self.gates = summary, gates


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
        if error.code == GATE_FAILED:
            raise GatesFailed(error.detail, [_gate(found.detail) for found in error.errors]) from error
        raise ClusterError(error.detail, _exit_code(error)) from error


def all_versions(client: Client) -> list[ModelVersion]:
    """Read every version, newest first."""
    return list(pages(client.models.versions, limit=100))


def champion_of(versions: list[ModelVersion]) -> ModelVersion | None:
    """Return the version in force, if there is one."""
    return next((found for found in versions if found.champion), None)


def _gate(line: str) -> GateView:
    name, _, detail = line.partition(": ")
    return GateView(name, ok=False, detail=detail)


def _exit_code(error: ApiError) -> int:
    if isinstance(error, NotFound | InvalidRequest):
        return WRONG_USE
    return REFUSED if isinstance(error, Unavailable) else FAILED
