"""The steps of a deposit."""

from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client import NoAnswer
from waqiti.services.wallet.domain import deposits
from waqiti.services.wallet.domain.movements import Change, MovementRow, later
from waqiti.services.wallet.usecases.driving import Steps
from waqiti.services.wallet.usecases.outside import CALL_SECONDS, Others, ask_rail, post_one, resolve


class DepositSteps:
    """Collects, screens, posts or suspends, and settles what was reserved."""

    def __init__(self, others: Others) -> None:
        self._others = others

    def table(self) -> Steps:
        """Return the work of each step."""
        return {
            ("deposit", "rail"): self._collect,
            ("deposit", "arrived"): self._book,
            ("deposit", "resolve"): self._resolve,
        }

    async def _collect(self, deposit: MovementRow) -> Change:
        return deposits.after_rail(deposit, await ask_rail(self._others, deposit))

    async def _book(self, deposit: MovementRow) -> Change:
        """Post money that has come, or suspend it. Screening is waited for as long as it takes: the money is here."""
        asked = [deposits.screening(deposit)]
        try:
            decision = (await self._others.compliance.screen(asked, timeout_seconds=CALL_SECONDS))[0]
        except (NoAnswer, DependencyUnavailable):
            return later(deposit, "compliance_awaited", status="screening")
        result = await post_one(self._others, deposits.posting(deposit, decision))
        if result.outcome == "refused":
            suspended = await post_one(self._others, deposits.suspended(deposit))
            assert suspended.outcome == "posted", suspended
        return deposits.after_posting(result, decision)

    async def _resolve(self, deposit: MovementRow) -> Change:
        return await resolve(self._others, deposit)
