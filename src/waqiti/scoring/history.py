"""The features of movements one after the other, each seeing those before it: the same code online and from a file.

Online, ``History`` is given the stored states of a batch's parties, and what has changed is to be stored. Over a file
it begins with nothing.
"""

from collections.abc import Mapping
from typing import Final

from waqiti.scoring.catalogue import FEATURES
from waqiti.scoring.folding import Additions, folded, known_as_fraud
from waqiti.scoring.movement import Movement, Party
from waqiti.scoring.state import CustomerState, PairState
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
        currency, payee = movement.currency, movement.payee
        payer_state = self._customer((movement.payer, currency))
        payee_state = pair = None
        if payee is not None:
            payee_state = self._customer((payee, currency))
            pair = self._pair((movement.payer, payee, currency))
        self._add(movement, folded(movement, pair))
        return View.of(movement, payer_state, payee_state, pair)

    def known_as_fraud(self, movement: Movement) -> None:
        """Count ``movement``, which was counted before, among what is known as fraud."""
        self._add(movement, known_as_fraud(movement))

    def _customer(self, key: CustomerKey) -> CustomerState | None:
        return self.changed_customers.get(key) or self._known_customers.get(key)

    def _pair(self, key: PairKey) -> PairState | None:
        return self.changed_pairs.get(key) or self._known_pairs.get(key)

    def _add(self, movement: Movement, new: Additions) -> None:
        currency, payee = movement.currency, movement.payee
        if new.payer is not None:
            self._add_to((movement.payer, currency), new.payer)
        if payee is not None and new.payee is not None:
            self._add_to((payee, currency), new.payee)
        if payee is not None and new.pair is not None:
            key = (movement.payer, payee, currency)
            pair = self._pair(key)
            self.changed_pairs[key] = new.pair if pair is None else pair.plus(new.pair)

    def _add_to(self, key: CustomerKey, new: CustomerState) -> None:
        known = self._customer(key)
        self.changed_customers[key] = new if known is None else known.plus(new)
