"""What is answered under a key whose work takes longer than its first request."""

from collections.abc import Callable
from uuid import UUID

from tests.support.databases import FreshDatabase
from waqiti.foundation.database import Database
from waqiti.foundation.idempotency import Answer, RequestKey, canonical_hash
from waqiti.services.wallet.usecases.answers import answer_once

REQUEST = RequestKey(canonical_hash(["key id", "POST", "/v1/deposits"]), "key", canonical_hash({}))


async def test_a_request_that_is_asked_again_after_a_202_is_a_replay(
    fresh_database: Callable[[str], FreshDatabase],
) -> None:
    asked: list[UUID] = []

    async def still_at_work(movement_id: UUID) -> Answer:
        asked.append(movement_id)
        return Answer(202, b"{}")

    database = await Database.open(fresh_database("wallet-service").url, name="own")
    try:
        first = await answer_once(database, REQUEST, "req_1", still_at_work)
        again = await answer_once(database, REQUEST, "req_2", still_at_work)
    finally:
        await database.close()

    assert (first.status, first.replayed) == (202, False)
    assert (again.status, again.replayed) == (202, True)
    assert asked[0] == asked[1]
