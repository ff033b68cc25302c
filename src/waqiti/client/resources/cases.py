"""Compliance cases."""

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import body, part, query
from waqiti.contracts.public.cases import Case
from waqiti.contracts.public.common import Page


class Cases(Resource[Mode]):
    """Cases of customers who may be on a sanctions list (operators only)."""

    @operation
    async def list(self, *, status: str | None = None, limit: int = 20, cursor: str | None = None) -> Page[Case]:
        """List cases, newest first; ``status`` is open, approved or declined."""
        path = query("/v1/cases", status=status, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Case])

    @operation
    async def get(self, case_id: str) -> Case:
        """Read a case."""
        return await self._transport.get(f"/v1/cases/{part(case_id)}", Case)

    @operation
    async def decide(
        self,
        case_id: str,
        *,
        outcome: str,
        reason: str,
        list_version: str | None = None,
        idempotency_key: str | None = None,
    ) -> Case:
        """Approve (the customer is nobody on the lists) or decline; ``list_version`` is that of the case as you saw it.

        Raises:
            Conflict: it was decided before, or has grown since you saw it.
        """
        fields = body(outcome=outcome, reason=reason, list_version=list_version)
        return await self._transport.post(f"/v1/cases/{part(case_id)}/decision", fields, Case, idempotency_key)
