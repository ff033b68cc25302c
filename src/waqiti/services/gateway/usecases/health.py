"""The health of the platform, as seen from its edge: every critical deployment is asked, all at once."""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from waqiti.contracts.catalog import DEPLOYMENTS, GATEWAY
from waqiti.foundation.actuator.health import HealthReport, Status
from waqiti.foundation.errors import Problem
from waqiti.foundation.http.client import Deadline, HttpClient, HttpResponse

ASK_SECONDS: Final = 0.8
_PATH: Final = "/actuator/health"
_REPORT: Final = msgspec.json.Decoder(HealthReport)


class DeploymentHealth(msgspec.Struct, frozen=True, omit_defaults=True):
    """One deployment: its own status and those of what it stands on; ``detail`` where it does not answer.

    ``modes`` are the codes of what switches have it refuse now.
    """

    status: Status
    components: dict[str, str] = {}
    detail: str | None = None
    modes: list[str] = []


class PlatformHealth(msgspec.Struct, frozen=True):
    """UP where every critical deployment is."""

    status: Status
    components: dict[str, DeploymentHealth]


class HealthDesk:
    """Asks deployments for their health; each has 0.8 s, so that all have answered within a second.

    Anybody may ask: whoever does while a deployment is being asked shares its answer. ``clients`` are for this alone,
    so that what is seen here opens no breaker of those that carry money.
    """

    def __init__(self, clients: Mapping[str, HttpClient]) -> None:
        self._clients = clients
        self._asking: dict[str, asyncio.Task[DeploymentHealth]] = {}

    async def critical(self) -> PlatformHealth:
        """Ask every critical deployment."""
        names = [row.name for row in DEPLOYMENTS if row.critical and row.name != GATEWAY]
        found = await asyncio.gather(*(self.one(name) for name in names))
        status: Status = "UP" if all(health.status == "UP" for health in found) else "DOWN"
        return PlatformHealth(status, dict(zip(names, found, strict=True)))

    async def one(self, deployment: str) -> DeploymentHealth:
        """Ask one deployment, or share the answer of those who are asking it."""
        asking = self._asking.get(deployment)
        if asking is None:
            asking = self._asking[deployment] = asyncio.create_task(self._ask(deployment))
            asking.add_done_callback(lambda _: self._asking.pop(deployment))
        return await asyncio.shield(asking)

    async def _ask(self, deployment: str) -> DeploymentHealth:
        try:
            answer = await self._clients[deployment].request("GET", _PATH, headers=[], deadline=Deadline(ASK_SECONDS))
        except Problem as problem:
            return DeploymentHealth("DOWN", detail=problem.detail)
        return _read(answer)


def _read(answer: HttpResponse) -> DeploymentHealth:
    try:
        report = _REPORT.decode(answer.body)
    except msgspec.MsgspecError:
        return DeploymentHealth("DOWN", detail=f"It answered {answer.status} without a health report.")
    components: dict[str, str] = {name: found.status for name, found in report.components.items()}
    return DeploymentHealth(report.status, components, modes=report.modes)
