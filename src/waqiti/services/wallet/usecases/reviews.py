"""The steps of a withdrawal in review: it is filed with those who review, waits for them, and is screened once more."""

from waqiti.foundation.clock import utc_now
from waqiti.services.wallet.domain import reviews
from waqiti.services.wallet.domain.movements import Change, MovementRow
from waqiti.services.wallet.domain.reviews import Ending
from waqiti.services.wallet.domain.withdrawals import screening
from waqiti.services.wallet.usecases.driving import Steps
from waqiti.services.wallet.usecases.outside import CALL_SECONDS, Others, score, take_out


class ReviewSteps:
    """Waits for people, for a score, or until time is over, whichever comes first."""

    def __init__(self, others: Others) -> None:
        self._others = others

    def table(self) -> Steps:
        """Return the work of each step."""
        return {("withdrawal", "file"): self._file, ("withdrawal", "review"): self._review}

    async def _file(self, withdrawal: MovementRow) -> Change:
        """Tell people, unless the review ends by itself first; told twice it is the same."""
        ending = await self._ending(withdrawal)
        if ending is None:
            await self._others.reviews.due([reviews.due(withdrawal)], timeout_seconds=CALL_SECONDS)
            return reviews.waiting(withdrawal, utc_now())
        return await self._follow(withdrawal, ending)

    async def _review(self, withdrawal: MovementRow) -> Change:
        ending = await self._ending(withdrawal)
        if ending is None:
            return reviews.waiting(withdrawal, utc_now())
        return await self._follow(withdrawal, ending)

    async def _ending(self, withdrawal: MovementRow) -> Ending | None:
        """Return how the review goes on, where people, time or a score that was missing say something."""
        ending = reviews.decided(withdrawal, utc_now())
        if ending is not None or not reviews.lacks_score(withdrawal):
            return ending
        fraud = await score(self._others, withdrawal)
        return None if fraud is None else reviews.scored(withdrawal, fraud, utc_now())

    async def _follow(self, withdrawal: MovementRow, ending: Ending) -> Change:
        """Screen what is approved once more, as it may have waited for days; without an answer it waits on."""
        if ending != "approved":
            return ending
        asked = [screening(withdrawal)]
        again = (await self._others.compliance.screen_again(asked, timeout_seconds=CALL_SECONDS))[0]
        account = (await self._others.ledger.accounts([withdrawal.wallet_id], timeout_seconds=CALL_SECONDS))[0]
        change = reviews.after_screening_again(withdrawal, again, account, utc_now())
        if change.step == "rail" and withdrawal.verdict is None:
            await take_out(self._others, withdrawal)
        return change
