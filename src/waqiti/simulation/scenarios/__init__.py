"""How fraud goes about it, a module per scenario.

An account that is stolen from and one that is used by its owner are told apart as the Federal Reserve's FraudClassifier
model (2020) does: by who began the payment. All sums and numbers are ours, unless a module says otherwise.
"""

from typing import Final

from waqiti.simulation.scenarios import (
    account_takeover,
    bust_out,
    compromised_payee,
    mule_chain,
    own_payment_disputed,
    structuring,
)
from waqiti.simulation.scenarios.compromised_payee import Compromises
from waqiti.simulation.scenarios.incident import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(structuring.PAYMENTS, structuring.play),
    Scenario(account_takeover.PAYMENTS, account_takeover.play),
    Scenario(mule_chain.PAYMENTS, mule_chain.play),
    Scenario(compromised_payee.PAYMENTS, compromised_payee.play),
    Scenario(bust_out.PAYMENTS, bust_out.play),
    Scenario(own_payment_disputed.PAYMENTS, own_payment_disputed.play),
)
"""In the order in which incidents begin, over and over."""

__all__ = ["SCENARIOS", "Compromises", "Scenario"]
