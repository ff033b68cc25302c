"""Everything that a batch leaves behind, in one statement."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from waqiti.foundation.database import Connection
from waqiti.scoring.catalogue import NAMES
from waqiti.scoring.history import History
from waqiti.services.fraud.domain.batches import Asked, PairKey, PartyKey
from waqiti.services.fraud.domain.decisions import Judged
from waqiti.services.fraud.domain.features import Signal
from waqiti.services.fraud.store.parties import encode

_encode: Final = msgspec.json.Encoder().encode

# Parties come first and in the order of their keys, which is the order of all locks; a decision, and all that follows,
# is only written where every party was. A version is one more than the one that was read, 0 for a party not yet known.
_RECORD: Final = """
WITH written AS (
    INSERT INTO parties AS p (customer_id, currency, version, state)
    SELECT n.customer_id, n.currency, n.version, n.state
    FROM unnest($22::uuid[], $23::text[], $24::bigint[], $25::bytea[]) AS n (customer_id, currency, version, state)
    ON CONFLICT (customer_id, currency) DO UPDATE SET version = excluded.version, state = excluded.state
    WHERE p.version = excluded.version - 1
    RETURNING 1
), unusual AS (
    INSERT INTO signals (payment_id, kind, payer, payee, amount, currency, at)
    SELECT n.payment_id, n.kind, n.payer, n.payee, n.amount, n.currency, n.at
    FROM unnest(
        $15::uuid[], $16::text[], $17::uuid[], $18::uuid[], $19::bigint[], $20::text[], $21::timestamptz[]
    ) AS n (payment_id, kind, payer, payee, amount, currency, at)
), together AS (
    INSERT INTO pairs (payer, payee, currency, state)
    SELECT n.payer, n.payee, n.currency, n.state
    FROM unnest($26::uuid[], $27::uuid[], $28::text[], $29::bytea[]) AS n (payer, payee, currency, state)
    ON CONFLICT (payer, payee, currency) DO UPDATE SET state = excluded.state
)
INSERT INTO decisions (
    id, from_wallet, to_wallet, from_customer, to_customer, amount, created_at, score, currency, kind, outcome,
    model_version, reasons, features
)
SELECT n.id, n.from_wallet, n.to_wallet, n.from_customer, n.to_customer, n.amount, n.at, n.score, n.currency,
       n.kind, n.outcome, n.model, n.reasons::json, n.features::json
FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::timestamptz[], $8::float8[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]
) AS n (id, from_wallet, to_wallet, from_customer, to_customer, amount, at, score, currency, kind, outcome,
        model, reasons, features)
WHERE all_written((SELECT count(*) FROM written), cardinality($22))
"""


async def record(
    connection: Connection,
    judged: Sequence[Judged],
    signals: Sequence[Signal],
    history: History,
    asked: Asked,
    versions: Mapping[PartyKey, int],
) -> None:
    """Store new decisions and count them: what ``history`` changed over the ``versions`` of parties that were read.

    A unique violation says that another batch was first with one of them, a serialization failure that one was first
    with the history of a party: then nothing is stored.
    """
    await connection.execute(
        _RECORD,
        *_decision_columns(judged),
        *_signal_columns(signals),
        *_party_columns(history, versions, asked.parties),
        *_pair_columns(history, asked.pairs),
    )


def _decision_columns(judged: Sequence[Judged]) -> tuple[list[object], ...]:
    rows = sorted(judged, key=lambda row: row.decision.id.int)
    items, decisions = [row.sight.item for row in rows], [row.decision for row in rows]
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
        [_shown(row) for row in rows],
    )


def _shown(row: Judged) -> str | None:
    """Return the features by name, where somebody may ask why."""
    if row.decision.outcome == "approve":
        return None
    return _encode(dict(zip(NAMES, row.sight.row, strict=True))).decode()


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


def _party_columns(
    history: History, versions: Mapping[PartyKey, int], parties: Sequence[PartyKey]
) -> tuple[list[object], ...]:
    changed = [key for key in parties if key in history.changed_customers]
    return (
        [key[0] for key in changed],
        [key[1] for key in changed],
        [versions[key] + 1 for key in changed],
        [encode(history.changed_customers[key]) for key in changed],
    )


def _pair_columns(history: History, pairs: Sequence[PairKey]) -> tuple[list[object], ...]:
    changed = [pair for pair in pairs if pair in history.changed_pairs]
    return (
        [pair[0] for pair in changed],
        [pair[1] for pair in changed],
        [pair[2] for pair in changed],
        [encode(history.changed_pairs[pair]) for pair in changed],
    )
