"""The payments of a demo: a day of the town, and one that somebody on the list of names attempts."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from waqiti.simulation import CURRENCY, Town, payments

VISITOR: Final = "visitor"
VISITOR_NAME: Final = "Grishnok Vandelquar"
"""Invented, and on the list of invented names that ships."""
VISITOR_COUNTRY: Final = "DE"
_VISITOR_PAYS: Final = 25_00
_DAYS: Final = 7
"""More than a town needs for as many payments as it was made for."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A payment to send: ``number`` is its place in the day, payer and payee are ids of the town."""

    number: int
    payer: str
    payee: str
    amount: int
    currency: str = CURRENCY


def orders(town: Town, count: int) -> list[Order]:
    """Return ``count`` payments in the order of the day; the visitor's is in their middle."""
    return [msgspec.structs.replace(order, number=number) for number, order in enumerate(_in_order(town, count), 1)]


def _in_order(town: Town, count: int) -> Iterator[Order]:
    for index, one in enumerate(islice(payments(town, _DAYS), count - 1)):
        if index == (count - 1) // 2:
            yield Order(number=0, payer=VISITOR, payee=town.shops[0].id, amount=_VISITOR_PAYS)
        yield Order(number=0, payer=one.payer, payee=one.payee, amount=one.amount, currency=one.currency)
