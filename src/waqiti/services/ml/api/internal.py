"""The routes that serving deployments call."""

from typing import Final

import msgspec

from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.ml import FRAUD_DETECTION, Artifact, Following, Leaving, Present
from waqiti.foundation.http import Incoming, Outgoing, RawRoute, decode_body
from waqiti.services.ml.usecases.pushing import Pushing
from waqiti.services.ml.usecases.registry import Registry

_CALLERS: Final = frozenset({FRAUD})
_ARTIFACTS: Final = "/internal/models/artifacts/"
_FOLLOWING: Final = msgspec.json.Decoder(Following)
_LEAVING: Final = msgspec.json.Decoder(Leaving)

_encode: Final = msgspec.json.Encoder().encode


def internal_routes(pushing: Pushing, registry: Registry) -> list[RawRoute]:
    """Return the routes."""

    async def champion(incoming: Incoming) -> Outgoing:
        return Outgoing(200, _encode(Present(await pushing.follow(decode_body(_FOLLOWING, incoming.body)))))

    async def leave(incoming: Incoming) -> Outgoing:
        await pushing.leave(decode_body(_LEAVING, incoming.body).reader)
        return Outgoing(204, b"")

    async def artifact(incoming: Incoming) -> Outgoing:
        sha256 = incoming.path.removeprefix(_ARTIFACTS)
        return Outgoing(200, _encode(Artifact(sha256, await registry.artifact(FRAUD_DETECTION, sha256))))

    return [
        RawRoute(
            method="POST", path="/internal/models/champion", handler=champion, strict_json=False, services=_CALLERS
        ),
        RawRoute(method="POST", path="/internal/models/leave", handler=leave, strict_json=False, services=_CALLERS),
        RawRoute(
            method="GET",
            path=_ARTIFACTS + "*",
            handler=artifact,
            template=_ARTIFACTS + "{sha256}",
            services=_CALLERS,
        ),
    ]
