"""Refunds."""

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import part
from waqiti.contracts.public.payments import Refund


class Refunds(Resource[Mode]):
    """Refunds."""

    @operation
    async def get(self, refund_id: str) -> Refund:
        """Read a refund."""
        return await self._transport.get(f"/v1/refunds/{part(refund_id)}", Refund)
