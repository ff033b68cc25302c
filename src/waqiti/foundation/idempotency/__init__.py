"""Requests that may be sent twice: the first one's id and answer are kept under its key for 7 days.

A use case opens its transaction with ``begin`` and ends it with ``finish``::

    match await begin(connection, request, new_id):
        case Stored(status, body):      answer again, with Idempotent-Replayed: true
        case Resumed(resource_id):      the first attempt left no answer: go on under its id
        case Fresh(resource_id):        do it

One that calls another service commits after ``begin``, so that the id is safe before the call, and calls ``finish`` in
the transaction of the effect. ``keep`` and ``keep_refusal`` are ``finish`` for what is answered as it is stored;
refusals that will not change are stored as well. ``answered_before`` is the question of the edge while nothing may be
changed.
"""

from waqiti.foundation.idempotency.answers import Answer, is_kept, keep, keep_refusal, problem_answer, replay
from waqiti.foundation.idempotency.replays import answered_before
from waqiti.foundation.idempotency.requests import (
    Fresh,
    RequestKey,
    Resumed,
    Stored,
    begin,
    canonical_hash,
    finish,
    is_answered,
    sweep,
)

__all__ = [
    "Answer",
    "Fresh",
    "RequestKey",
    "Resumed",
    "Stored",
    "answered_before",
    "begin",
    "canonical_hash",
    "finish",
    "is_answered",
    "is_kept",
    "keep",
    "keep_refusal",
    "problem_answer",
    "replay",
    "sweep",
]
