"""The steps of a withdrawal."""

import asyncio

from waqiti.contracts.compliance import ComplianceDecision
from waqiti.contracts.refusals import WALLET_FROZEN
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client import NoAnswer
from waqiti.foundation.telemetry import logger
from waqiti.services.wallet.domain import reviews, withdrawals
from waqiti.services.wallet.domain.deposits import suspended
from waqiti.services.wallet.domain.movements import Change, MovementRow, later
from waqiti.services.wallet.domain.rails import RailReport
from waqiti.services.wallet.usecases.driving import Steps
from waqiti.services.wallet.usecases.outside import CALL_SECONDS, Others, ask_rail, post_one, resolve, score, take_out

_log = logger(__name__)


class WithdrawalSteps:
    """Screens and scores, holds, pays out, posts or releases; takes back what the rail returns."""

    def __init__(self, others: Others) -> None:
        self._others = others

    def table(self) -> Steps:
        """Return the work of each step."""
        return {
            ("withdrawal", "screen"): self._screen,
            ("withdrawal", "release"): self._give_back,
            ("withdrawal", "rail"): self._pay_out,
            ("withdrawal", "resolve"): self._resolve,
            ("withdrawal", "done"): self._take_back,
        }

    async def _screen(self, withdrawal: MovementRow) -> Change:
        compliance, fraud = await asyncio.gather(self._screened(withdrawal), score(self._others, withdrawal))
        asked = withdrawals.decision(withdrawal, compliance, fraud, utc_now())
        if asked == "wait":
            return later(withdrawal, "decision_awaited", status="screening")
        result = await post_one(self._others, withdrawals.first_transfer(withdrawal, asked))
        return withdrawals.after_first_transfer(result, asked, utc_now())

    async def _give_back(self, withdrawal: MovementRow) -> Change:
        await self._release(withdrawal)
        return reviews.after_voiding(withdrawal)

    async def _pay_out(self, withdrawal: MovementRow) -> Change:
        report = await ask_rail(self._others, withdrawal)
        match withdrawals.after_rail(withdrawal, report):
            case "capture":
                return await self._capture(withdrawal, report)
            case "release":
                await self._release(withdrawal)
                return withdrawals.after_release(report)
            case change:
                return change

    async def _capture(self, withdrawal: MovementRow, report: RailReport) -> Change:
        """Post what the rail has paid. Where a freeze has stopped that before, ask only once it is lifted."""
        if withdrawal.capture_round > 0:
            (account,) = await self._others.ledger.accounts([withdrawal.wallet_id], timeout_seconds=CALL_SECONDS)
            if account.frozen != "none":
                return later(withdrawal, WALLET_FROZEN)
        result = await post_one(self._others, withdrawals.capture(withdrawal))
        if result.outcome != "captured":
            _log.warning("capture_stopped", movement=str(withdrawal.id), code=result.code)
        return withdrawals.after_capture(withdrawal, report, result)

    async def _release(self, withdrawal: MovementRow) -> None:
        withdrawals.check_released(await post_one(self._others, withdrawals.release(withdrawal)))

    async def _resolve(self, withdrawal: MovementRow) -> Change:
        """Settle what was reserved; what the rail has returned by now may have no more news to come.

        Nothing waits for people any more then, however a review ended.
        """
        change = await resolve(self._others, withdrawal)
        if withdrawal.review is not None:
            await take_out(self._others, withdrawal)
        return await self._take_back(withdrawal) if withdrawal.status == "settled" else change

    async def _take_back(self, withdrawal: MovementRow) -> Change:
        """Book what a rail gave back after it had settled; where the wallet may not take it, into suspense."""
        report = await self._others.rails[withdrawal.rail].query(withdrawal.id)
        if report is None or report.state != "returned":
            return Change(status=withdrawal.status, step="done", reason="not_returned")
        result = await post_one(self._others, withdrawals.giving_back(withdrawal))
        if result.outcome == "refused":
            held_back = await post_one(self._others, suspended(withdrawal))
            assert held_back.outcome == "posted", held_back
        return withdrawals.after_return()

    async def _screened(self, withdrawal: MovementRow) -> ComplianceDecision | None:
        asked = [withdrawals.screening(withdrawal)]
        try:
            return (await self._others.compliance.screen(asked, timeout_seconds=CALL_SECONDS))[0]
        except (NoAnswer, DependencyUnavailable):
            return None
