"""The review queue."""

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import body, part, query
from waqiti.contracts.public.common import Page
from waqiti.contracts.public.reviews import Review


class Reviews(Resource[Mode]):
    """Payments and withdrawals that a person has to look at (operators only)."""

    @operation
    async def list(
        self, *, status: str | None = None, kind: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[Review]:
        """List reviews, newest first; ``status="open"`` are those that wait."""
        path = query("/v1/reviews", status=status, kind=kind, limit=limit, cursor=cursor)
        return await self._transport.get(path, Page[Review])

    @operation
    async def get(self, review_id: str) -> Review:
        """Read a review."""
        return await self._transport.get(f"/v1/reviews/{part(review_id)}", Review)

    @operation
    async def decide(
        self,
        review_id: str,
        *,
        outcome: str,
        reason: str,
        label: str | None = None,
        idempotency_key: str | None = None,
    ) -> Review:
        """Approve or decline; ``label`` says what was found out: ``legitimate``, ``fraud`` or ``unsure``.

        Raises:
            Conflict: it was decided before, or nobody waits for it any more.
        """
        path = f"/v1/reviews/{part(review_id)}/decision"
        fields = body(outcome=outcome, reason=reason, label=label)
        return await self._transport.post(path, fields, Review, idempotency_key)
