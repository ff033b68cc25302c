"""Events."""

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import part, query
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.events import Event


class Events(Resource[Mode]):
    """What happened in the last 30 days."""

    @operation
    async def list(
        self,
        *,
        type: str | None = None,  # noqa: A002 - as the API calls it
        payment: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page[Event]:
        """List events, newest first; of one ``type`` such as ``payment.captured``, of one payment."""
        path = query("/v1/events", type=type, payment=payment, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Event])

    @operation
    async def get(self, event_id: str) -> Event:
        """Read an event."""
        return await self._transport.get(f"/v1/events/{part(event_id)}", Event)
