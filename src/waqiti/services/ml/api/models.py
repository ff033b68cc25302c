"""The routes under /api/model, for operators only. Each may be repeated: the same bytes keep their version, and what is
in force stays so.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from litestar import Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.contracts.ml import FRAUD_DETECTION, Artifact
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.models import (
    ChampionChange,
    Comparison,
    ModelInForce,
    ModelMetrics,
    ModelVersion,
    NewComparison,
    NewModelVersion,
    PromoteModel,
    RollBackModel,
)
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import (
    DEFAULT_LIMIT,
    CursorParameter,
    LimitParameter,
    Request,
    read_cursor,
    requires_scope,
    write_cursor,
)
from waqiti.services.ml.api.views import figures_view, version_view
from waqiti.services.ml.usecases.changing import Changing, Wanted
from waqiti.services.ml.usecases.registry import Registry

VERSIONS_PATH: Final = "/api/model/versions"
_VERSIONS: Final = "model versions"
_HISTORY: Final = "model history"
_NEWEST: Final = UUID(int=2**128 - 1)
_LATEST: Final = 2**63 - 1
_FRAUD: Final = "fraud"

_operators: Final = [requires_scope("operator")]


def model_routes(registry: Registry, changing: Changing) -> Sequence[ControllerRouterHandler]:
    """Return the routes."""

    @get("/api/model/metrics", operation_id="read_model_metrics", guards=_operators)
    async def metrics() -> ModelMetrics:
        """Read how the champion did on its test period."""
        found = await registry.in_force(FRAUD_DETECTION)
        return ModelMetrics({} if found is None else {_FRAUD: figures_view(*found)})

    @get(VERSIONS_PATH, operation_id="list_model_versions", guards=_operators)
    async def versions(limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Page[ModelVersion]:
        """List what is registered, newest first."""
        position = read_cursor(cursor, of=_VERSIONS)
        found, pointer = await registry.versions(position.id if position else _NEWEST, limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        following = write_cursor(last.registered_at, last.id, of=_VERSIONS) if last else None
        return Page([version_view(row, pointer) for row in found[:limit]], following)

    @get("/api/model/versions/{version:str}/artifact", operation_id="read_model_artifact", guards=_operators)
    async def artifact(version: FromPath[str]) -> Artifact:
        """Read the bytes of a version."""
        found, _ = await registry.version(FRAUD_DETECTION, version)
        return Artifact(found.sha256, await registry.artifact(FRAUD_DETECTION, found.sha256))

    @get("/api/model/history", operation_id="list_model_history", guards=_operators)
    async def history(limit: LimitParameter = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Page[ChampionChange]:
        """List what came into force, by whom and why, newest first."""
        position = read_cursor(cursor, of=_HISTORY)
        before = min(position.id.int, _LATEST) if position else _LATEST
        found = await registry.history(FRAUD_DETECTION, before, limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        following = write_cursor(last.since, UUID(int=last.revision), of=_HISTORY) if last else None
        return Page(found[:limit], following)

    @post(
        VERSIONS_PATH,
        status_code=201,
        operation_id="register_model_version",
        guards=_operators,
        responses={200: ResponseSpec(ModelVersion, generate_examples=False)},
    )
    async def register(request: Request, data: JSONBody[NewModelVersion]) -> Response[ModelVersion]:
        """Register an artifact under the next version; 200 where the same bytes were registered before."""
        by = request.principal.key_id
        row, is_new = await registry.register(data.model, data.artifact, data.release, by)
        _, pointer = await registry.version(row.model, row.version)
        return Response(version_view(row, pointer), status_code=201 if is_new else 200)

    @post("/api/model/comparisons", status_code=201, operation_id="compare_models", guards=_operators)
    async def compare(request: Request, data: JSONBody[NewComparison]) -> Comparison:
        """Record how a version did beside another on the same data: what its gates compare."""
        return await registry.compare(data, request.principal.key_id)

    @post("/api/model/promote", status_code=200, operation_id="promote_model", guards=_operators)
    async def promote(request: Request, data: JSONBody[PromoteModel]) -> ModelInForce:
        """Bring a version into force that passes every gate, or by force with a reason."""
        if data.force and not data.reason.strip():
            raise Problem.invalid("Force needs a reason.", pointer="/reason")
        return await changing.change(
            Wanted(
                model=data.model,
                version=data.version,
                by=request.principal.key_id,
                reason=_printable(data.reason),
                kind="promote",
                force=data.force,
            )
        )

    @post("/api/model/rollback", status_code=200, operation_id="roll_back_model", guards=_operators)
    async def roll_back(request: Request, data: JSONBody[RollBackModel]) -> ModelInForce:
        """Go back to a version; the one in force stays so."""
        return await changing.change(
            Wanted(
                model=data.model,
                version=data.version,
                by=request.principal.key_id,
                reason=_printable(data.reason),
                kind="rollback",
            )
        )

    return [metrics, versions, artifact, history, register, compare, promote, roll_back]


def _printable(reason: str) -> str:
    if not reason.isprintable():
        raise Problem.invalid("A reason is printable text.", pointer="/reason")
    return reason.strip()
