"""How one process stands with its model: what it serves, what it cannot serve, and whether it hears of others."""

from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from waqiti.contracts.ml import Champion, Mark
from waqiti.foundation.clock import rfc3339, utc_now
from waqiti.foundation.errors import Problem

Model = TypeVar("Model")


class InUse(msgspec.Struct, Generic[Model], frozen=True):
    """What is served, and since when here; ``revision`` is None for what no registry has named."""

    revision: int | None
    version: str
    sha256: str
    artifact: bytes
    predictor: Model
    since: datetime = msgspec.field(default_factory=utc_now)

    @property
    def mark(self) -> Mark | None:
        """Which champion it is, if it is one."""
        return Mark(self.revision, self.sha256) if self.revision is not None else None


class Refused(msgspec.Struct, frozen=True):
    """The champion, where this release cannot serve it, and why."""

    champion: Champion
    why: str


def healthy(found: InUse[Model] | None, refused: Refused | None, away: str | None) -> str:
    """Return what is served, and since when; ``away`` says why nothing is heard of ml-service.

    Raises:
        Problem: scoring goes on with something else than it should.
    """
    served = f"{found.version} since {rfc3339(found.since)}" if found is not None else "rules alone"
    why = [away] if away is not None else []
    if refused is not None:
        why.append(f"{refused.champion.version} is in force, and this release cannot serve it: {refused.why}.")
    elif found is None:
        why.append("There is no model that can be served.")
    if why:
        raise Problem.unavailable("dependency_unavailable", f"{' '.join(why)} Scoring goes on with {served}.")
    return served


def described(found: InUse[Model] | None, refused: Refused | None, *, followed: bool) -> dict[str, object]:
    """Return the same as a document; ``followed`` where ml-service answers."""
    told: dict[str, object] = {}
    if found is not None:
        told = {"version": found.version, "revision": found.revision, "sha256": found.sha256}
        told["since"] = rfc3339(found.since)
    told["followed"] = followed
    if refused is not None:
        champion = refused.champion
        told["refused"] = {"version": champion.version, "revision": champion.revision, "detail": refused.why}
    return told
