"""Decides reviews in processes of their own, and kills each at a later suspension than the one before."""

import sys
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import PAYMENT
from waqiti.contracts.payment import PaymentClient
from waqiti.contracts.public.reviews import NewReviewDecision
from waqiti.foundation.database import Database
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.idempotency import Answer, RequestKey, canonical_hash
from waqiti.foundation.ids import encode
from waqiti.services.fraud.usecases.deciding import Reviews
from waqiti.services.fraud.usecases.telling import Teller

DECISION: Final = NewReviewDecision(outcome="approve", reason="Looked at it", label="legitimate")
ACTOR: Final = "key_operator"


class Orders(msgspec.Struct, frozen=True):
    """Reviews to decide, the n-th until its n-th suspension, and where their owner is."""

    database_url: str
    payment_url: str
    authorization: str
    reviews: list[UUID]


async def decide(orders: Orders, review_id: UUID, limit: int) -> None:
    database = await Database.open(orders.database_url, name="fraud", min_idle=0)
    client = ServiceClient(PAYMENT, orders.payment_url, authorization=orders.authorization.encode)
    reviews = Reviews(database, Teller(database, {"payment": PaymentClient(client)}))
    await until_suspension(limit, decided(reviews, review_id))
    await client.close()
    await database.close()


async def decided(reviews: Reviews, review_id: UUID) -> Answer:
    """Decide a review under its own key, as often as it is asked."""
    request = RequestKey(
        canonical_hash("reviews"), encode("rev", review_id), canonical_hash(msgspec.to_builtins(DECISION))
    )
    return await reviews.decide(request, "req_test", review_id, DECISION, ACTOR)


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(decide, orders, review_id) for review_id in orders.reviews)


if __name__ == "__main__":
    main()
