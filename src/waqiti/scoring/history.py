"""The features of movements one after the other, each seeing those before it: the same code online and from a file.

Online, ``History`` is given the stored states of a batch's parties, and what has changed is to be stored. Over a file
it begins with nothing.
"""

from collections.abc import Mapping
from typing import Final

from waqiti.scoring.catalogue import FEATURES
from waqiti.scoring.folding import folded, known_as_fraud
from waqiti.scoring.movement import Movement, Party
from waqiti.scoring.state import Addition, CustomerState, PairState
from waqiti.scoring.view import View

CustomerKey = tuple[Party, str]
"""Customer and currency."""
PairKey = tuple[Party, Party, str]
"""Payer, payee and currency."""

_COMPUTE: Final = tuple(feature.compute for feature in FEATURES)


def features(seen: View) -> list[float]:
    """Return the features of what is seen, in the order of the catalogue."""
    return [compute(seen) for compute in _COMPUTE]


class History:
    """What was known, and the whole states of all that has changed since."""

    def __init__(
        self,
        customers: Mapping[CustomerKey, CustomerState] | None = None,
        pairs: Mapping[PairKey, PairState] | None = None,
    ) -> None:
        self._known_customers = {} if customers is None else customers
        self._known_pairs = {} if pairs is None else pairs
        self.changed_customers: dict[CustomerKey, CustomerState] = {}
        self.changed_pairs: dict[PairKey, PairState] = {}

    def features(self, movement: Movement) -> list[float]:
        """Return the features of ``movement``, with all before it counted, and count it."""
        return features(self.see(movement))

    def see(self, movement: Movement) -> View:
        """Look at ``movement`` with all before it counted, and count it."""
        payer_key, payee_key, pair_key = _keys(movement)
        payer, payee, pair = self._customer(payer_key), None, None
        if payee_key is not None and pair_key is not None:
            payee, pair = self._customer(payee_key), self._pair(pair_key)
        seen = View.of(movement, payer, payee, pair)
        new = folded(seen)
        if new.payer is not None:
            self.changed_customers[payer_key] = _sum(payer, new.payer)
        if payee_key is not None and new.payee is not None:
            self.changed_customers[payee_key] = _sum(payee, new.payee)
        if pair_key is not None and new.pair is not None:
            self.changed_pairs[pair_key] = new.pair if pair is None else pair.plus(new.pair)
        return seen

    def known_as_fraud(self, movement: Movement) -> None:
        """Count ``movement``, which was counted before, among what is known as fraud."""
        payer_key, payee_key, _ = _keys(movement)
        new = known_as_fraud(movement)
        if new.payer is not None:
            self.changed_customers[payer_key] = _sum(self._customer(payer_key), new.payer)
        if payee_key is not None and new.payee is not None:
            self.changed_customers[payee_key] = _sum(self._customer(payee_key), new.payee)

    def _customer(self, key: CustomerKey) -> CustomerState | None:
        return self.changed_customers.get(key) or self._known_customers.get(key)

    def _pair(self, key: PairKey) -> PairState | None:
        return self.changed_pairs.get(key) or self._known_pairs.get(key)


def _keys(movement: Movement) -> tuple[CustomerKey, CustomerKey | None, PairKey | None]:
    payer, payee, currency = movement.payer, movement.payee, movement.currency
    if payee is None:
        return (payer, currency), None, None
    return (payer, currency), (payee, currency), (payer, payee, currency)


def _sum(known: CustomerState | None, new: Addition) -> CustomerState:
    return new.alone() if known is None else known.plus(new)
