"""What a call can raise.

::

    WaqitiError
      ConnectionFailed        no answer within the deadline, after all retries
      InvalidWebhook          what a receiver of webhooks was sent is not to be trusted
      ApiError                the platform answered with a problem document
        InvalidRequest        400, 413, 415, 422: the request is wrong; ``errors`` names the fields
        Unauthorized          401
        Forbidden             403
        NotFound              404
        Conflict              409 conflict: it contradicts the state of the thing
        IdempotencyError      the key was used with another body, or its first request is still running
        RateLimited           429
        Unavailable           503: read-only, maintenance, emergency mode, overload or a dependency away
"""

import msgspec

from waqiti.foundation.errors import FieldError, ProblemDocument


class WaqitiError(Exception):
    """Whatever can go wrong in a call."""


class ConnectionFailed(WaqitiError):
    """No answer came within the deadline; a request with an idempotency key may be sent again safely."""


class InvalidWebhook(WaqitiError):
    """It is not from the platform, was changed on its way, or is older than five minutes: answer 400, do nothing."""


class ApiError(WaqitiError):
    """The platform answered with a problem document (RFC 9457); ``retry_after_seconds`` where it said when to ask."""

    def __init__(self, problem: ProblemDocument, retry_after_seconds: int | None = None) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.status = problem.status
        self.code = problem.code
        self.detail = problem.detail
        self.retryable = problem.retryable
        self.request_id = problem.request_id
        self.errors: tuple[FieldError, ...] = problem.errors
        self.retry_after_seconds = retry_after_seconds


class InvalidRequest(ApiError):
    """The request is wrong; ``errors`` names the fields."""


class Unauthorized(ApiError):
    """The key is missing or unknown."""


class Forbidden(ApiError):
    """The key may not do this."""


class NotFound(ApiError):
    """There is no such thing."""


class Conflict(ApiError):
    """The request contradicts the state of the thing."""


class IdempotencyError(ApiError):
    """The key was used with another body, or its first request is still running."""


class RateLimited(ApiError):
    """Too many requests with this key."""


class Unavailable(ApiError):
    """The platform cannot serve this now. What came of the request may be unknown: repeat it under the same key."""


_BY_CODE: dict[str, type[ApiError]] = {
    "idempotency_key_required": InvalidRequest,
    "idempotency_key_reused": IdempotencyError,
    "idempotency_in_flight": IdempotencyError,
}
_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
    503: Unavailable,
}


def error_of(status: int, body: bytes, retry_after_seconds: int | None = None) -> ApiError:
    """Build the error that an answer of 400 or above stands for."""
    try:
        problem = msgspec.json.decode(body, type=ProblemDocument)
    except msgspec.MsgspecError:
        text = body[:200].decode("utf-8", "replace")
        problem = ProblemDocument(
            type="about:blank",
            title="Unreadable answer",
            status=status,
            detail=text,
            code="unreadable_answer",
            retryable=False,
            request_id=None,
        )
    kind = _BY_CODE.get(problem.code) or _BY_STATUS.get(status, ApiError)
    return kind(problem, retry_after_seconds)
