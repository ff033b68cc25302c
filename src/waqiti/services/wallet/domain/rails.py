"""What a rail is to us: it takes an order under our id, and says what became of it when asked."""

from collections.abc import Sequence
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from waqiti.services.wallet.domain.movements import Kind

RailState = Literal["accepted", "settled", "failed", "returned"]


class RailOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order to collect (deposit) or pay out (withdrawal); ``id`` is the movement's and names it for good."""

    id: UUID
    kind: Kind
    amount: int
    currency: str
    reference: str | None


class RailReport(msgspec.Struct, frozen=True):
    """What a rail says of an order; ``reference`` is the rail's own and unique there."""

    reference: str
    state: RailState


class RailNotice(msgspec.Struct, frozen=True):
    """There is news of an order; the news itself is had by asking."""

    id: int
    order_id: UUID


class RailSilenceError(Exception):
    """The rail did not answer: whether it took the order is unknown until it is asked."""


class Rail(Protocol):
    """A rail. It takes an id once: the same order again is reported on, not made anew."""

    def check(self, kind: Kind, reference: str | None) -> None:
        """Refuse, before anything is stored, an order that the rail would not understand.

        Raises:
            Problem: 422 ``invalid_request``.
        """
        ...

    async def submit(self, order: RailOrder) -> RailReport:
        """Give an order.

        Raises:
            RailSilenceError: the answer was lost.
        """
        ...

    async def query(self, order_id: UUID) -> RailReport | None:
        """Ask about an order; None where the rail does not know it.

        Raises:
            RailSilenceError: the answer was lost.
        """
        ...

    async def notices(self, limit: int) -> Sequence[RailNotice]:
        """List news that nobody acknowledged, the oldest first; the same news may come twice."""
        ...

    async def acknowledge(self, notice_ids: Sequence[int]) -> None:
        """Take notices off the list."""
        ...
