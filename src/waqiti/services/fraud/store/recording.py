"""Everything that a batch leaves behind, in one statement."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from waqiti.foundation.database import Connection
from waqiti.services.fraud.domain.decisions import Judged
from waqiti.services.fraud.domain.features import PayerHistory, Signal
from waqiti.services.fraud.domain.history import PayerKey

_encode: Final = msgspec.json.Encoder().encode

# Profiles are locked in the order of their keys; a profile of a new period keeps the one before it.
_RECORD: Final = """
WITH decided AS (
    INSERT INTO decisions (
        id, from_wallet, to_wallet, from_customer, to_customer, amount, created_at, score, currency, kind, outcome,
        model_version, reasons
    )
    SELECT n.id, n.from_wallet, n.to_wallet, n.from_customer, n.to_customer, n.amount, n.at, n.score, n.currency,
           n.kind, n.outcome, n.model, n.reasons::json
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::timestamptz[], $8::float8[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[]
    ) AS n (id, from_wallet, to_wallet, from_customer, to_customer, amount, at, score, currency, kind, outcome,
            model, reasons)
), unusual AS (
    INSERT INTO signals (payment_id, kind, payer, payee, amount, currency, at)
    SELECT n.payment_id, n.kind, n.payer, n.payee, n.amount, n.currency, n.at
    FROM unnest(
        $14::uuid[], $15::text[], $16::uuid[], $17::uuid[], $18::bigint[], $19::text[], $20::timestamptz[]
    ) AS n (payment_id, kind, payer, payee, amount, currency, at)
)
INSERT INTO profiles AS p (customer_id, currency, period, payments, days, log_total, largest, last_day)
SELECT n.customer_id, n.currency, n.period, n.payments, n.days, n.log_total, n.largest, n.last_day
FROM unnest(
    $21::uuid[], $22::text[], $23::integer[], $24::integer[], $25::integer[], $26::bigint[], $27::bigint[], $28::date[]
) AS n (customer_id, currency, period, payments, days, log_total, largest, last_day)
ON CONFLICT (customer_id, currency) DO UPDATE SET
    period = greatest(p.period, excluded.period),
    payments = excluded.payments + CASE WHEN excluded.period > p.period THEN 0 ELSE p.payments END,
    log_total = excluded.log_total + CASE WHEN excluded.period > p.period THEN 0 ELSE p.log_total END,
    largest = greatest(excluded.largest, CASE WHEN excluded.period > p.period THEN 0 ELSE p.largest END),
    days = excluded.days + CASE
        WHEN excluded.period > p.period THEN 0 WHEN excluded.last_day = p.last_day THEN p.days - 1 ELSE p.days
    END,
    last_day = greatest(p.last_day, excluded.last_day),
    earlier_payments = CASE
        WHEN excluded.period <= p.period THEN p.earlier_payments WHEN excluded.period = p.period + 1 THEN p.payments
        ELSE 0
    END,
    earlier_days = CASE
        WHEN excluded.period <= p.period THEN p.earlier_days WHEN excluded.period = p.period + 1 THEN p.days ELSE 0
    END,
    earlier_log_total = CASE
        WHEN excluded.period <= p.period THEN p.earlier_log_total WHEN excluded.period = p.period + 1 THEN p.log_total
        ELSE 0
    END,
    earlier_largest = CASE
        WHEN excluded.period <= p.period THEN p.earlier_largest WHEN excluded.period = p.period + 1 THEN p.largest
        ELSE 0
    END,
    earlier_last_day = CASE WHEN excluded.period <= p.period THEN p.earlier_last_day ELSE p.last_day END
"""


async def record(
    connection: Connection,
    judged: Sequence[Judged],
    signals: Sequence[Signal],
    profiles: Mapping[PayerKey, PayerHistory],
) -> None:
    """Store new decisions and count them; a unique violation says that another batch was first with one of them."""
    await connection.execute(
        _RECORD, *_decision_columns(judged), *_signal_columns(signals), *_profile_columns(profiles)
    )


def _decision_columns(judged: Sequence[Judged]) -> tuple[list[object], ...]:
    rows = sorted(judged, key=lambda row: row.item.id.int)
    items, decisions = [row.item for row in rows], [row.decision for row in rows]
    return (
        [item.id for item in items],
        [item.from_wallet for item in items],
        [item.to_wallet for item in items],
        [item.from_customer for item in items],
        [item.to_customer for item in items],
        [item.amount for item in items],
        [item.created_at for item in items],
        [decision.score for decision in decisions],
        [item.currency for item in items],
        [item.kind for item in items],
        [decision.outcome for decision in decisions],
        [decision.model_version for decision in decisions],
        [_encode(decision.reasons).decode() if decision.reasons else None for decision in decisions],
    )


def _signal_columns(signals: Sequence[Signal]) -> tuple[list[object], ...]:
    return (
        [signal.payment_id for signal in signals],
        [signal.kind for signal in signals],
        [signal.payer for signal in signals],
        [signal.payee for signal in signals],
        [signal.amount for signal in signals],
        [signal.currency for signal in signals],
        [signal.at for signal in signals],
    )


def _profile_columns(profiles: Mapping[PayerKey, PayerHistory]) -> tuple[list[object], ...]:
    ordered = sorted(profiles.items(), key=lambda item: (item[0][0].int, item[0][1]))
    present = [history.present for _, history in ordered]
    return (
        [key[0] for key, _ in ordered],
        [key[1] for key, _ in ordered],
        [history.period for _, history in ordered],
        [profile.payments for profile in present],
        [profile.days for profile in present],
        [profile.log_total for profile in present],
        [profile.largest for profile in present],
        [profile.last_day for profile in present],
    )
