"""Safeguarding: what customers are owed lies at the rails.

All accounts of a currency sum to zero, and a credit is positive: with R for what lies at the rails (their debit
balance), C for wallets that hold something, O for wallets that are overdrawn (as a positive amount), S, F and Q for
suspense, fees and liquidity, R = C - O + S + F + Q. Customers are owed C and, until it is given back, S: they are
covered where R >= C + S, which is where the platform's own F + Q is at least what overdrawn wallets owe it.
"""

import msgspec

from waqiti.contracts.public.ledger import Covered


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of a currency, in minor units; ``rail`` and ``overdrawn`` are debits, the others credits."""

    currency: str
    rail: int
    customers: int
    overdrawn: int
    suspense: int
    fees: int
    liquidity: int


def covered(of: Position) -> Covered:
    """Say whether a currency's books balance and cover its customers."""
    difference = of.rail + of.overdrawn - of.customers - of.suspense - of.fees - of.liquidity
    uncovered = max(0, of.customers + of.suspense - of.rail)
    return Covered(
        currency=of.currency,
        holds=difference == 0 and uncovered == 0,
        difference=difference,
        uncovered=uncovered,
        rail=of.rail,
        customers=of.customers,
        overdrawn=of.overdrawn,
        suspense=of.suspense,
        fees=of.fees,
        liquidity=of.liquidity,
    )
