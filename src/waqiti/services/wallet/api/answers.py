"""Turns what use cases answer into HTTP."""

from typing import Any, Final

from litestar import Response

from waqiti.foundation.http import json_answer
from waqiti.services.wallet.usecases.answers import Answer

_FIRST_ERROR: Final = 400


def respond(answer: Answer) -> Response[Any]:
    """Return the response; a stored refusal is a problem document as it was."""
    response = json_answer(answer.body, answer.status, replayed=answer.replayed)
    if answer.status >= _FIRST_ERROR:
        response.media_type = "application/problem+json"
    return response
