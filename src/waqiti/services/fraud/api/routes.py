"""POST /internal/score."""

from typing import Final

import msgspec

from waqiti.contracts.catalog import PAYMENT, WALLET
from waqiti.contracts.fraud import FraudDecisions, ScoreRequests
from waqiti.foundation.http import Incoming, Outgoing, RawRoute, decode_body
from waqiti.services.fraud.usecases.score import Scorer

_MAX_BODY_BYTES: Final = 8 * 1024 * 1024
_CALLERS: Final = frozenset({PAYMENT, WALLET})
_REQUESTS: Final = msgspec.json.Decoder(ScoreRequests)

_encode: Final = msgspec.json.Encoder().encode


def internal_routes(scorer: Scorer) -> list[RawRoute]:
    """Return the routes that other deployments call."""

    async def score(incoming: Incoming) -> Outgoing:
        requests = decode_body(_REQUESTS, incoming.body)
        return Outgoing(200, _encode(FraudDecisions(await scorer.score(requests.items))))

    return [
        RawRoute(
            method="POST",
            path="/internal/score",
            handler=score,
            strict_json=False,
            services=_CALLERS,
            max_body_bytes=_MAX_BODY_BYTES,
        )
    ]
