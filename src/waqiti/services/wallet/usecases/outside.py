"""What the steps of deposits and withdrawals ask of rails and of other services."""

from typing import Final

import msgspec

from waqiti.contracts.compliance import ComplianceClient, Resolution
from waqiti.contracts.fraud import FraudClient, FraudDecision
from waqiti.contracts.ledger import LedgerClient, Transfer, TransferResult
from waqiti.contracts.reviews import ReviewClient
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client import NoAnswer
from waqiti.services.wallet.domain.movements import Change, MovementRow
from waqiti.services.wallet.domain.rails import Rail, RailOrder, RailReport
from waqiti.services.wallet.domain.reviews import over
from waqiti.services.wallet.domain.withdrawals import scoring

CALL_SECONDS: Final = 2.0


class Others(msgspec.Struct, frozen=True):
    """The services that a movement passes, and the rails by name."""

    ledger: LedgerClient
    compliance: ComplianceClient
    fraud: FraudClient
    reviews: ReviewClient
    rails: dict[str, Rail]


async def ask_rail(others: Others, movement: MovementRow) -> RailReport:
    """Ask the rail what became of a movement, and give it the order where it does not know it.

    Whether an earlier attempt reached the rail is never guessed: it is asked first, and the order keeps its id.
    """
    rail = others.rails[movement.rail]
    return await rail.query(movement.id) or await rail.submit(_order(movement))


async def post_one(others: Others, transfer: Transfer) -> TransferResult:
    """Make one transfer."""
    return (await others.ledger.post([transfer], timeout_seconds=CALL_SECONDS))[0]


async def score(others: Others, withdrawal: MovementRow) -> FraudDecision | None:
    """Ask for a withdrawal's score, which stays what it was at first; None where fraud-service does not answer."""
    try:
        return (await others.fraud.score([scoring(withdrawal)], timeout_seconds=CALL_SECONDS))[0]
    except (NoAnswer, DependencyUnavailable):
        return None


async def take_out(others: Others, withdrawal: MovementRow) -> None:
    """Tell those who review that a withdrawal waits for nobody any more."""
    await others.reviews.over([over(withdrawal, utc_now())], timeout_seconds=CALL_SECONDS)


async def resolve(others: Others, movement: MovementRow) -> Change:
    """Confirm or release what compliance reserved for a movement that has ended."""
    outcome = Resolution(movement.id, "confirm" if movement.status == "settled" else "release", movement.amount)
    await others.compliance.resolve([outcome], timeout_seconds=CALL_SECONDS)
    return Change(status=movement.status, step="done", reason="resolved")


def _order(movement: MovementRow) -> RailOrder:
    return RailOrder(
        id=movement.id,
        kind=movement.kind,
        amount=movement.amount,
        currency=movement.currency,
        reference=movement.reference,
    )
