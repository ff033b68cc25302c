"""What a client is answered under a key, and which refusals are kept there."""

from typing import Final

import msgspec

from waqiti.foundation.database import Connection
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency.requests import FIRST_SERVER_ERROR, NEVER_STORED, RequestKey, Stored, finish

_VALIDATION: Final = 422

_encode: Final = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, frozen=True):
    """An answer, encoded, from 400 on a problem document; ``replayed`` where the key was known before."""

    status: int
    body: bytes
    replayed: bool = False


def replay(stored: Stored) -> Answer:
    """Return what was stored under a key as the answer to a later request with it."""
    return Answer(stored.status, stored.body, replayed=True)


async def keep(connection: Connection, request: RequestKey, answer: Answer) -> Answer:
    """Store ``answer`` in the transaction of its effect; return the one that counts, which is the first stored."""
    stored = await finish(connection, request, answer.status, answer.body)
    return Answer(stored.status, stored.body)


async def keep_refusal(connection: Connection, request: RequestKey, problem: Problem, request_id: str) -> Answer:
    """Store a refusal as the answer to its key.

    Raises:
        Problem: ``problem`` itself, where it is none that is kept (``is_kept``).
    """
    if not is_kept(problem):
        raise problem
    return await keep(connection, request, problem_answer(problem, request_id))


def problem_answer(problem: Problem, request_id: str) -> Answer:
    """Return a problem as an answer."""
    return Answer(problem.status, _encode(problem.document(request_id)))


def is_kept(problem: Problem) -> bool:
    """Tell whether a refusal is stored: 401, 422, 429, server errors and what may pass by itself are not."""
    unstored = problem.status in NEVER_STORED or problem.status == _VALIDATION or problem.status >= FIRST_SERVER_ERROR
    return not (unstored or problem.retryable)
