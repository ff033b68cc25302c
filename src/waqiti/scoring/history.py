"""The features of movements one after the other, each seeing those before it: the same code online and from a file.

Online, ``History`` is given the stored states of a batch's parties, and ``added`` is to be stored with ``plus``. Over a
file it begins with nothing, and ``added`` is the whole state.
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


def features(
    movement: Movement, payer: CustomerState | None, payee: CustomerState | None, pair: PairState | None
) -> list[float]:
    """Return the features of ``movement`` in the order of the catalogue, from the states before it."""
    seen = View.of(movement, payer, payee, pair)
    return [compute(seen) for compute in _COMPUTE]


class History:
    """What was known, and what has been added since."""

    def __init__(
        self,
        customers: Mapping[CustomerKey, CustomerState] | None = None,
        pairs: Mapping[PairKey, PairState] | None = None,
    ) -> None:
        self._customers = {} if customers is None else customers
        self._pairs = {} if pairs is None else pairs
        self.added_customers: dict[CustomerKey, CustomerState] = {}
        self.added_pairs: dict[PairKey, PairState] = {}

    def features(self, movement: Movement) -> list[float]:
        """Return the features of ``movement``, with all before it counted, and count it."""
        currency = movement.currency
        pair = self._pair(movement)
        payer = self._customer((movement.payer, currency))
        payee = None if movement.payee is None else self._customer((movement.payee, currency))
        self._add(movement, folded(movement, pair))
        return features(movement, payer, payee, pair)

    def known_as_fraud(self, movement: Movement) -> None:
        """Count ``movement``, which was counted before, among what is known as fraud."""
        self._add(movement, known_as_fraud(movement))

    def _pair(self, movement: Movement) -> PairState | None:
        if movement.payee is None:
            return None
        key = (movement.payer, movement.payee, movement.currency)
        stored, added = self._pairs.get(key), self.added_pairs.get(key)
        if stored is None or added is None:
            return added if stored is None else stored
        return stored.plus(added)

    def _customer(self, key: CustomerKey) -> CustomerState | None:
        stored, added = self._customers.get(key), self.added_customers.get(key)
        if stored is None or added is None:
            return added if stored is None else stored
        return stored.plus(added)

    def _add(self, movement: Movement, new: Additions) -> None:
        currency, payee = movement.currency, movement.payee
        if new.payer is not None:
            self._add_to((movement.payer, currency), new.payer)
        if payee is not None and new.payee is not None:
            self._add_to((payee, currency), new.payee)
        if payee is not None and new.pair is not None:
            key = (movement.payer, payee, currency)
            known = self.added_pairs.get(key)
            self.added_pairs[key] = new.pair if known is None else known.plus(new.pair)

    def _add_to(self, key: CustomerKey, new: CustomerState) -> None:
        known = self.added_customers.get(key)
        self.added_customers[key] = new if known is None else known.plus(new)
