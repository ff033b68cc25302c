"""The registry of models. It is served at ml-service's own address: ``services["ml-service"]`` of the credentials."""

from typing import Final, Literal

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import part, query
from waqiti.contracts.ml import FRAUD_DETECTION, Artifact
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.models import (
    ChampionChange,
    Comparison,
    ModelFigures,
    ModelInForce,
    ModelMetrics,
    ModelVersion,
    NewComparison,
    NewModelVersion,
    PromoteModel,
    RollBackModel,
)

_VERSIONS: Final = "/api/model/versions"
_FRAUD: Final = "fraud"


class Models(Resource[Mode]):
    """Versions of the model that scores payments, for operators. Every call may be repeated."""

    @operation
    async def metrics(self) -> ModelMetrics:
        """Read how the version in force did on its test period."""
        return await self._transport.get("/api/model/metrics", ModelMetrics)

    @operation
    async def versions(self, *, limit: int = 20, cursor: str | None = None) -> Page[ModelVersion]:
        """List what is registered, newest first."""
        return await self._transport.get(query(_VERSIONS, limit=limit, cursor=cursor), Page[ModelVersion])

    @operation
    async def history(self, *, limit: int = 20, cursor: str | None = None) -> Page[ChampionChange]:
        """List what came into force, newest first."""
        return await self._transport.get(query("/api/model/history", limit=limit, cursor=cursor), Page[ChampionChange])

    @operation
    async def artifact(self, version: str) -> bytes:
        """Read the bytes of a version."""
        found = await self._transport.get(f"{_VERSIONS}/{part(version)}/artifact", Artifact)
        return found.content

    @operation
    async def register(self, artifact: bytes, *, release: Literal["patch", "minor"] = "patch") -> ModelVersion:
        """Register an artifact under the next version; the same bytes keep theirs."""
        body = NewModelVersion(model=FRAUD_DETECTION, artifact=artifact, release=release)
        return await self._transport.post(_VERSIONS, body, ModelVersion, None)

    @operation
    async def compare(
        self, version: str, champion: str, *, data: str, figures: ModelFigures, champion_figures: ModelFigures
    ) -> Comparison:
        """Record how a version did beside the one in force, on the same test period: what its gates compare."""
        body = NewComparison(
            model=FRAUD_DETECTION,
            version=version,
            champion=champion,
            data=data,
            figures=figures,
            champion_figures=champion_figures,
        )
        return await self._transport.post("/api/model/comparisons", body, Comparison, None)

    @operation
    async def revision(self) -> int:
        """Read which revision is in force, 0 for none."""
        return await self._revision()

    @operation
    async def card(self, version: str) -> str:
        """Read the card of a version, in Markdown."""
        return await self._transport.get_text(f"{_VERSIONS}/{part(version)}/card")

    @operation
    async def promote(
        self, version: str, *, force: bool = False, reason: str = "", expected_revision: int | None = None
    ) -> ModelInForce:
        """Bring a version into force; return when every replica that scores serves it, or after five seconds.

        Where somebody else changes what is in force meanwhile, or after ``expected_revision`` was, it is not done:
        an attempt that is repeated because an answer was lost never undoes what others did since.

        Raises:
            Conflict: ``gate_failed``, with a line in ``errors`` for each gate that it does not pass; ``conflict``,
                somebody else changed what is in force.
        """
        expected = expected_revision if expected_revision is not None else await self._revision()
        body = PromoteModel(
            model=FRAUD_DETECTION, version=version, force=force, reason=reason, expected_revision=expected
        )
        return await self._transport.post("/api/model/promote", body, ModelInForce, None)

    @operation
    async def roll_back(self, version: str, *, reason: str = "", expected_revision: int | None = None) -> ModelInForce:
        """Go back to a version; return as ``promote`` does.

        Raises:
            Conflict: somebody else changed what is in force.
        """
        expected = expected_revision if expected_revision is not None else await self._revision()
        body = RollBackModel(model=FRAUD_DETECTION, version=version, reason=reason, expected_revision=expected)
        return await self._transport.post("/api/model/rollback", body, ModelInForce, None)

    async def _revision(self) -> int:
        metrics = await self._transport.get("/api/model/metrics", ModelMetrics)
        champion = metrics.models.get(_FRAUD)
        return champion.revision if champion is not None else 0
