"""The routes that other deployments call: scoring, and the review queue."""

from typing import Final

import msgspec

from waqiti.contracts.catalog import PAYMENT, WALLET
from waqiti.contracts.fraud import FraudDecisions, ScoreRequests
from waqiti.contracts.reviews import Accepted, ReviewsDue, ReviewsOver
from waqiti.foundation.http import Incoming, Outgoing, RawRoute, decode_body
from waqiti.services.fraud.usecases.queue import Queue
from waqiti.services.fraud.usecases.score import Scorer

_MAX_BODY_BYTES: Final = 8 * 1024 * 1024
_SCORES: Final = frozenset({PAYMENT, WALLET})
_QUEUES: Final = frozenset({WALLET})
"""Who calls the queue; payment-service is followed by its events."""
_REQUESTS: Final = msgspec.json.Decoder(ScoreRequests)
_DUE: Final = msgspec.json.Decoder(ReviewsDue)
_OVER: Final = msgspec.json.Decoder(ReviewsOver)

_encode: Final = msgspec.json.Encoder().encode


def internal_routes(scorer: Scorer, queue: Queue) -> list[RawRoute]:
    """Return the routes."""

    async def score(incoming: Incoming) -> Outgoing:
        requests = decode_body(_REQUESTS, incoming.body)
        return Outgoing(200, _encode(FraudDecisions(await scorer.score(requests.items))))

    async def due(incoming: Incoming) -> Outgoing:
        items = decode_body(_DUE, incoming.body).items
        return Outgoing(200, _encode(Accepted(await queue.take(items))))

    async def over(incoming: Incoming) -> Outgoing:
        items = decode_body(_OVER, incoming.body).items
        return Outgoing(200, _encode(Accepted(await queue.take(items))))

    return [
        RawRoute(
            method="POST",
            path="/internal/score",
            handler=score,
            strict_json=False,
            services=_SCORES,
            max_body_bytes=_MAX_BODY_BYTES,
        ),
        RawRoute(method="POST", path="/internal/reviews/due", handler=due, strict_json=False, services=_QUEUES),
        RawRoute(method="POST", path="/internal/reviews/over", handler=over, strict_json=False, services=_QUEUES),
    ]
