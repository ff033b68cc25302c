"""All routes of the edge."""

from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.services.gateway.api.docs import docs_routes
from waqiti.services.gateway.api.health import health_routes
from waqiti.services.gateway.api.status import status_routes
from waqiti.services.gateway.domain.routes import BATCH_PATH, MAX_BATCH_BYTES, NOUNS
from waqiti.services.gateway.usecases.document import DocumentDesk
from waqiti.services.gateway.usecases.forwarding import Forwarder
from waqiti.services.gateway.usecases.health import HealthDesk
from waqiti.services.gateway.usecases.status import StatusDesk


def edge_routes(
    forwarder: Forwarder, health: HealthDesk, status: StatusDesk, documents: DocumentDesk
) -> list[RawRoute]:
    """Return them; what is forwarded stays unread but for its bounds, for its owner checks it."""

    async def document(_: Incoming) -> Outgoing:
        return Outgoing(200, await documents.document())

    batch = RawRoute(
        method="*",
        path=BATCH_PATH,
        handler=forwarder.forward,
        max_body_bytes=MAX_BATCH_BYTES,
        strict_json=False,
    )
    return [
        batch,
        *_forwarding(forwarder),
        *health_routes(health),
        *status_routes(status),
        *docs_routes(),
        RawRoute(method="GET", path="/openapi.json", handler=document, open=True),
    ]


def _forwarding(forwarder: Forwarder) -> list[RawRoute]:
    exact = [RawRoute(method="*", path=f"/v1/{noun}", handler=forwarder.forward, strict_json=False) for noun in NOUNS]
    below = [
        RawRoute(
            method="*",
            path=f"/v1/{noun}/*",
            template=f"/v1/{noun}/{{rest}}",
            handler=forwarder.forward,
            strict_json=False,
        )
        for noun in NOUNS
    ]
    return exact + below
