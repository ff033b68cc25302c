"""The routes under /api/model that register and compare, for operators only. Each may be repeated: the same bytes keep
their version, and the same figures are one comparison.
"""

from collections.abc import Sequence
from typing import Final

from litestar import Response, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.contracts.public.models import Comparison, ModelVersion, NewComparison, NewModelVersion
from waqiti.foundation.http import Request, requires_scope
from waqiti.services.ml.api.reading import VERSIONS_PATH
from waqiti.services.ml.api.views import version_view
from waqiti.services.ml.usecases.registry import Registry

_operators: Final = [requires_scope("operator")]


def recording_routes(registry: Registry) -> Sequence[ControllerRouterHandler]:
    """Return the routes."""

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

    return [register, compare]
