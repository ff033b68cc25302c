"""One payment of the town, and what becomes known of it later."""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

CURRENCY: Final = "EUR"

ScenarioName = Literal[
    "structuring", "account_takeover", "mule_chain", "compromised_payee", "bust_out", "own_payment_disputed"
]

NO_COMPLAINT: Final = timedelta(days=7)
"""How long after an honest payment nobody has complained; the feedback delay of Le Borgne et al., chapter 3."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is planned: ``amount`` in minor units; ``known_after`` is the delay of its label."""

    time: datetime
    payer: str
    payee: str
    amount: int
    scenario: ScenarioName | None = None
    known_after: timedelta = NO_COMPLAINT


class SimulatedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of the stream: ``amount`` in minor units; ``label`` is 1 for fraud, and not known before ``label_at``.

    ``id`` rises with ``time``; ``payer`` and ``payee`` are ids of people and merchants of the town.
    """

    id: str
    time: datetime
    payer: str
    payee: str
    amount: int
    currency: str
    label: Literal[0, 1]
    scenario: ScenarioName | None
    label_at: datetime


def final(draft: Draft, number: str) -> SimulatedPayment:
    """Return the payment that a draft becomes."""
    return SimulatedPayment(
        id=number,
        time=draft.time,
        payer=draft.payer,
        payee=draft.payee,
        amount=draft.amount,
        currency=CURRENCY,
        label=0 if draft.scenario is None else 1,
        scenario=draft.scenario,
        label_at=draft.time + draft.known_after,
    )
