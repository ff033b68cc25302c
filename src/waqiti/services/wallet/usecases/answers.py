"""Requests that are answered once: the answer is stored under the key, refusals that will not change included."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import RequestKey, Stored, begin, finish
from waqiti.foundation.ids import new_id

_STORED_REFUSALS: Final = frozenset({404, 409})

encode: Final = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, frozen=True):
    """An answer, encoded; ``replayed`` where the key was known before."""

    status: int
    body: bytes
    replayed: bool = False


async def answer_once(
    database: Database, request: RequestKey, request_id: str, work: Callable[[UUID], Awaitable[Answer]]
) -> Answer:
    """Answer what is stored under the key, or let ``work`` do it under the key's id.

    ``work`` stores its answer by ``finish`` in the transaction of its effect. Its refusals 404 and 409 are stored
    here. Raises what ``begin`` and ``work`` raise.
    """
    async with database.transaction() as connection:
        found = await begin(connection, request, new_id)
    if isinstance(found, Stored):
        return Answer(found.status, found.body, replayed=True)
    try:
        return await work(found.resource_id)
    except Problem as problem:
        if problem.status not in _STORED_REFUSALS:
            raise
        return await _keep(database, request, problem, request_id)


async def _keep(database: Database, request: RequestKey, problem: Problem, request_id: str) -> Answer:
    async with database.transaction() as connection:
        stored = await finish(connection, request, problem.status, encode(problem.document(request_id)))
    return Answer(stored.status, stored.body)
