"""What fraud-service and compliance-service decided about one movement, and kept."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from waqiti.contracts.fraud import Reason
from waqiti.foundation.database import Connection

_REASONS: Final = msgspec.json.Decoder(list[Reason])
_FEATURES: Final = msgspec.json.Decoder(dict[str, Any])


class FraudFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The first score, 0..1; ``features`` are the values that it was made of, where they are kept."""

    score: float
    outcome: str
    reasons: list[Reason]
    model_version: str | None
    features: dict[str, Any]
    decided_at: datetime


_SCORE: Final = "SELECT score, outcome, reasons, model_version, features, decided_at FROM decisions WHERE id = $1"


async def fraud_facts(connection: Connection, movement_id: UUID) -> FraudFacts | None:
    """Read what fraud-service said; None where it was not asked, or did not answer."""
    row = await connection.fetchrow(_SCORE, movement_id)
    if row is None:
        return None
    return FraudFacts(
        score=row["score"],
        outcome=row["outcome"],
        reasons=[] if row["reasons"] is None else _REASONS.decode(row["reasons"]),
        model_version=row["model_version"],
        features={} if row["features"] is None else _FEATURES.decode(row["features"]),
        decided_at=row["decided_at"],
    )


class ComplianceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The first screening, and what became of what it reserved of the payer's limits."""

    outcome: str
    state: str
    refusals: list[str]
    reasons: list[Reason]
    reserved_at: datetime


_SCREENING: Final = "SELECT outcome, state, refusals, reasons, reserved_at FROM reservations WHERE id = $1"


async def compliance_facts(connection: Connection, movement_id: UUID) -> ComplianceFacts | None:
    """Read what compliance-service said; None where it was not asked, or did not answer."""
    row = await connection.fetchrow(_SCREENING, movement_id)
    if row is None:
        return None
    return ComplianceFacts(
        outcome=row["outcome"],
        state=row["state"],
        refusals=list(row["refusals"] or []),
        reasons=[] if row["reasons"] is None else _REASONS.decode(row["reasons"]),
        reserved_at=row["reserved_at"],
    )
