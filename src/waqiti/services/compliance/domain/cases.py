"""A case: what screening has found about one customer, until a person decides."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts.public.cases import CaseMatch, CaseOutcome, CaseStatus
from waqiti.services.compliance.domain.customers import Screened
from waqiti.services.compliance.domain.screening import EntryKey, Match, strongest

MOST_MATCHES: Final = 50
"""What a case shows at most. An entry beyond is found again when the customer is screened upon the decision."""

_DIGITS: Final = 4

Decision = Literal["approve", "decline"]
STATUS_OF: Final[dict[Decision, CaseStatus]] = {"approve": "approved", "decline": "declined"}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a customer who was found: all matches so far, the most alike first."""

    outcome: CaseOutcome
    list_version: str
    matches: list[CaseMatch]


class CaseRow(Finding, frozen=True, kw_only=True):
    """A case as it is stored."""

    id: UUID
    customer_id: UUID
    status: CaseStatus
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None

    @property
    def entries(self) -> list[EntryKey]:
        """The entries that it is about."""
        return [(match.source, match.reference) for match in self.matches]


def finding(screened: Screened, before: Finding | None = None) -> Finding:
    """Return what a screening found, added to what the customer's open case holds: that never gets less."""
    matches = {(match.source, match.reference): match for match in (before.matches if before is not None else ())}
    matches |= {(match.source, match.reference): _shown(match) for match in screened.matches}
    outcome = strongest([screened.outcome, *([before.outcome] if before is not None else ())])
    assert outcome != "clear"
    return Finding(
        outcome=outcome,
        list_version=screened.list_version,
        matches=sorted(matches.values(), key=lambda match: -match.score)[:MOST_MATCHES],
    )


def _shown(match: Match) -> CaseMatch:
    return CaseMatch(
        source=match.source,
        reference=match.reference,
        kind=match.kind,
        name=match.name,
        score=round(match.score, _DIGITS),
    )
