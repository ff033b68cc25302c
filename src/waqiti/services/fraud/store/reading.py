"""All that a batch needs to know, in one round trip: earlier decisions, profiles, signals."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.fraud import FraudDecision, FraudOutcome, Reason
from waqiti.foundation.database import Connection
from waqiti.services.fraud.domain.features import PayerHistory, Profile, Signal, SignalKind
from waqiti.services.fraud.domain.history import PayerKey


class Known(msgspec.Struct, frozen=True):
    """What was known when a batch came: decisions about its ids, and the history of its parties."""

    decisions: dict[UUID, FraudDecision]
    profiles: dict[PayerKey, PayerHistory]
    signals: list[Signal]


class _DecisionRow(msgspec.Struct, frozen=True, array_like=True):
    id: UUID
    score: float
    outcome: FraudOutcome
    model_version: str | None
    reasons: list[Reason] | None


class _ProfileRow(msgspec.Struct, frozen=True, array_like=True):
    customer_id: UUID
    currency: str
    period: int
    payments: int
    days: int
    log_total: int
    largest: int
    last_day: date
    earlier_payments: int
    earlier_days: int
    earlier_log_total: int
    earlier_largest: int
    earlier_last_day: date


class _SignalRow(msgspec.Struct, frozen=True, array_like=True):
    payment_id: UUID
    kind: SignalKind
    payer: UUID
    payee: UUID | None
    amount: int
    currency: str
    at: datetime


_DECISIONS: Final = msgspec.json.Decoder(list[_DecisionRow])
_PROFILES: Final = msgspec.json.Decoder(list[_ProfileRow])
_SIGNALS: Final = msgspec.json.Decoder(list[_SignalRow])

_READ: Final = """
SELECT
    (SELECT json_agg(json_build_array(id, score, outcome, model_version, reasons))::text
     FROM decisions WHERE id = ANY($1)),
    (SELECT json_agg(json_build_array(
         p.customer_id, p.currency, p.period, p.payments, p.days, p.log_total, p.largest, p.last_day,
         p.earlier_payments, p.earlier_days, p.earlier_log_total, p.earlier_largest, p.earlier_last_day))::text
     FROM unnest($2::uuid[], $3::text[]) AS n (customer_id, currency)
     JOIN profiles p ON p.customer_id = n.customer_id AND p.currency = n.currency),
    (SELECT json_agg(json_build_array(payment_id, kind, payer, payee, amount, currency, at))::text
     FROM signals WHERE (payer = ANY($4) OR payee = ANY($4)) AND at > $5)
"""


async def read(
    connection: Connection,
    ids: Sequence[UUID],
    payers: Sequence[PayerKey],
    customers: Sequence[UUID],
    since: datetime,
) -> Known:
    """Read decisions about ``ids``, profiles of ``payers``, and signals from or to ``customers``."""
    row = await connection.fetchrow(
        _READ, ids, [payer[0] for payer in payers], [payer[1] for payer in payers], customers, since
    )
    assert row is not None
    decisions, profiles, signals = row
    return Known(
        {found.id: _decision(found) for found in _DECISIONS.decode(decisions or "[]")},
        {(found.customer_id, found.currency): _history(found) for found in _PROFILES.decode(profiles or "[]")},
        [_signal(found) for found in _SIGNALS.decode(signals or "[]")],
    )


def _decision(row: _DecisionRow) -> FraudDecision:
    return FraudDecision(
        id=row.id, score=row.score, outcome=row.outcome, reasons=row.reasons or [], model_version=row.model_version
    )


def _history(row: _ProfileRow) -> PayerHistory:
    present = Profile(
        payments=row.payments, days=row.days, log_total=row.log_total, largest=row.largest, last_day=row.last_day
    )
    earlier = Profile(
        payments=row.earlier_payments,
        days=row.earlier_days,
        log_total=row.earlier_log_total,
        largest=row.earlier_largest,
        last_day=row.earlier_last_day,
    )
    return PayerHistory(period=row.period, present=present, earlier=earlier)


def _signal(row: _SignalRow) -> Signal:
    return Signal(
        payment_id=row.payment_id,
        kind=row.kind,
        payer=row.payer,
        payee=row.payee,
        amount=row.amount,
        currency=row.currency,
        at=row.at,
    )
