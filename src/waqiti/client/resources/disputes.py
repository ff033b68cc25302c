"""Disputes."""

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import part, query
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.disputes import Dispute


class Disputes(Resource[Mode]):
    """Disputes about payments."""

    @operation
    async def get(self, dispute_id: str) -> Dispute:
        """Read a dispute."""
        return await self._transport.get(f"/v1/disputes/{part(dispute_id)}", Dispute)

    @operation
    async def list(self, *, status: str | None = None, limit: int = 20, cursor: str | None = None) -> Page[Dispute]:
        """List disputes, newest first (operators only)."""
        path = query("/v1/disputes", status=status, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Dispute])

    @operation
    async def resolve(
        self, dispute_id: str, *, outcome: str, reason: str, idempotency_key: str | None = None
    ) -> Dispute:
        """Resolve it (operators only): ``lost`` means that the platform was wrong, ``won`` that it was right."""
        fields = {"outcome": outcome, "reason": reason}
        path = f"/v1/disputes/{part(dispute_id)}/resolution"
        return await self._transport.post(path, fields, Dispute, idempotency_key)
