"""All that a batch needs to know, in one round trip: earlier decisions, the states of its parties, signals."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.fraud import FraudDecision, FraudOutcome, Reason
from waqiti.foundation.database import Connection
from waqiti.scoring.history import CustomerKey, PairKey
from waqiti.scoring.state import CustomerState, PairState
from waqiti.services.fraud.domain.batches import Asked, PartyKey
from waqiti.services.fraud.domain.features import DAY, MEMORY, Signal, SignalKind
from waqiti.services.fraud.store.parties import decode_customer, decode_pair


class Known(msgspec.Struct, frozen=True):
    """What was known when a batch came: decisions about its ids, and the history of its parties.

    ``versions`` holds those of all parties, 0 where nothing is known.
    """

    decisions: dict[UUID, FraudDecision]
    signals: list[Signal]
    versions: dict[PartyKey, int]
    customers: dict[CustomerKey, CustomerState]
    pairs: dict[PairKey, PairState]


class _DecisionRow(msgspec.Struct, frozen=True, array_like=True):
    id: UUID
    score: float
    outcome: FraudOutcome
    model_version: str | None
    reasons: list[Reason] | None


class _SignalRow(msgspec.Struct, frozen=True, array_like=True):
    payment_id: UUID
    kind: SignalKind
    payer: UUID
    payee: UUID | None
    amount: int
    currency: str
    at: datetime


_DECISIONS: Final = msgspec.json.Decoder(list[_DecisionRow])
_SIGNALS: Final = msgspec.json.Decoder(list[_SignalRow])

_SIGNALS_OF_ONE: Final = 100
"""The newest of one party that are read, on each side: rules ask for up to four."""

# Of signals each kind is read where rules ask for it: what a payer sent within a day, what is outsized of what a party
# received within one, and who was declined as they sent to it within the memory. A shop may receive any number of
# payments just beneath the threshold; nobody asks for these.
# LIMIT keeps the planner from reading a table whole: each state is looked up by its key.
_READ: Final = """
SELECT
    (SELECT json_agg(json_build_array(id, score, outcome, model_version, reasons))::text
     FROM decisions WHERE id = ANY($1)),
    (SELECT json_agg(json_build_array(s.payment_id, s.kind, s.payer, s.payee, s.amount, s.currency, s.at))::text
     FROM unnest($2::uuid[], $3::text[]) AS n (customer_id, currency)
     CROSS JOIN LATERAL (
         (SELECT * FROM signals
          WHERE payer = n.customer_id AND currency = n.currency AND kind <> 'declined' AND at > $7
          ORDER BY at DESC LIMIT $9)
         UNION ALL
         (SELECT * FROM signals
          WHERE payee = n.customer_id AND currency = n.currency AND kind = 'outsized' AND at > $7
          ORDER BY at DESC LIMIT $9)
         UNION ALL
         (SELECT * FROM signals
          WHERE payee = n.customer_id AND currency = n.currency AND kind = 'declined' AND at > $8
          ORDER BY at DESC LIMIT $9)
     ) AS s),
    known.versions, known.states, together.states
FROM (
    SELECT array_agg(p.version ORDER BY n.place), array_agg(p.state ORDER BY n.place)
    FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS n (customer_id, currency, place)
    LEFT JOIN LATERAL (
        SELECT version, state FROM parties WHERE customer_id = n.customer_id AND currency = n.currency LIMIT 1
    ) AS p ON true
) AS known (versions, states), (
    SELECT array_agg(p.state ORDER BY n.place)
    FROM unnest($4::uuid[], $5::uuid[], $6::text[]) WITH ORDINALITY AS n (payer, payee, currency, place)
    LEFT JOIN LATERAL (
        SELECT state FROM pairs WHERE payer = n.payer AND payee = n.payee AND currency = n.currency LIMIT 1
    ) AS p ON true
) AS together (states)
"""


async def read(connection: Connection, asked: Asked) -> Known:
    """Read earlier decisions about a batch's ids, the states of its parties and pairs, and their signals."""
    parties, pairs = asked.parties, asked.pairs
    row = await connection.fetchrow(
        _READ,
        list(asked.items),
        [party[0] for party in parties],
        [party[1] for party in parties],
        [pair[0] for pair in pairs],
        [pair[1] for pair in pairs],
        [pair[2] for pair in pairs],
        asked.since - DAY,
        asked.since - MEMORY,
        _SIGNALS_OF_ONE,
    )
    assert row is not None
    decisions, signals, versions, states, together = row
    return Known(
        {found.id: _decision(found) for found in _DECISIONS.decode(decisions or "[]")},
        # What one party sent the other is found on both sides.
        list({(found.payment_id, found.kind): _signal(found) for found in _SIGNALS.decode(signals or "[]")}.values()),
        {party: version or 0 for party, version in zip(parties, versions, strict=True)},
        {party: decode_customer(state) for party, state in zip(parties, states, strict=True) if state is not None},
        {pair: decode_pair(state) for pair, state in zip(pairs, together or (), strict=True) if state is not None},
    )


def _decision(row: _DecisionRow) -> FraudDecision:
    return FraudDecision(
        id=row.id, score=row.score, outcome=row.outcome, reasons=row.reasons or [], model_version=row.model_version
    )


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
