"""Requests that are answered once: the answer is stored under the key, refusals that will not change included."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import Answer, RequestKey, Resumed, Stored, begin, is_kept, keep_refusal, replay
from waqiti.foundation.ids import new_id

__all__ = ["Answer", "answer_once", "encode"]

encode: Final = msgspec.json.Encoder().encode


async def answer_once(
    database: Database, request: RequestKey, request_id: str, work: Callable[[UUID], Awaitable[Answer]]
) -> Answer:
    """Answer what is stored under the key, or let ``work`` do it under the key's id.

    ``work`` stores its answer by ``finish`` in the transaction of its effect. Its refusals that will not change are
    stored here (``is_kept``). An answer under a key that was known before is a replay, whoever finished the work.
    Raises what ``begin`` and ``work`` raise.
    """
    async with database.transaction() as connection:
        found = await begin(connection, request, new_id)
    if isinstance(found, Stored):
        return replay(found)
    try:
        answer = await work(found.resource_id)
    except Problem as problem:
        if not is_kept(problem):
            raise
        async with database.transaction() as connection:
            answer = await keep_refusal(connection, request, problem, request_id)
    return msgspec.structs.replace(answer, replayed=isinstance(found, Resumed))
