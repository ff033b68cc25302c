"""Errors that reach a client: problem documents by RFC 9457 with a stable ``code``.

The tree::

    Problem                     any answer that is an error
      DependencyUnavailable     503 dependency_unavailable: something this service needs does not answer
"""

from collections.abc import Sequence
from typing import Self

import msgspec

TYPE_BASE = "urn:waqiti:problem:"


class FieldError(msgspec.Struct, frozen=True):
    """One wrong field: ``pointer`` is a JSON Pointer (RFC 6901) into the body, or ``?name`` for a query parameter."""

    pointer: str
    detail: str


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an error answer (``application/problem+json``)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    request_id: str | None
    errors: tuple[FieldError, ...] = ()


class Problem(Exception):
    """An error with its HTTP status and stable code, raised where it is known."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str | None = None,
        retryable: bool = False,
        retry_after_seconds: int | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.title = title or code.replace("_", " ").capitalize()
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds
        self.errors = tuple(errors)

    @classmethod
    def invalid(cls, detail: str, *, pointer: str | None = None, errors: Sequence[FieldError] = ()) -> Self:
        """Build a 422 ``invalid_request``; ``pointer`` names the one wrong field."""
        found = (FieldError(pointer, detail),) if pointer is not None else tuple(errors)
        return cls(422, "invalid_request", detail, errors=found)

    @classmethod
    def not_found(cls, detail: str) -> Self:
        """Build a 404 ``not_found``."""
        return cls(404, "not_found", detail)

    @classmethod
    def conflict(cls, detail: str) -> Self:
        """Build a 409 ``conflict``."""
        return cls(409, "conflict", detail)

    @classmethod
    def unavailable(cls, code: str, detail: str, *, retry_after_seconds: int = 1) -> Self:
        """Build a retryable 503 with ``Retry-After``."""
        return cls(503, code, detail, retryable=True, retry_after_seconds=retry_after_seconds)

    def document(self, request_id: str | None) -> ProblemDocument:
        """Return the body that a client is sent."""
        return ProblemDocument(
            type=TYPE_BASE + self.code,
            title=self.title,
            status=self.status,
            detail=self.detail,
            code=self.code,
            retryable=self.retryable,
            request_id=request_id,
            errors=self.errors,
        )


class DependencyUnavailable(Problem):
    """503: a database or another service that this one needs does not answer.

    What was asked of it may have happened nevertheless: a commit or an answer can be lost. It is asked again under the
    same id or key.
    """

    def __init__(self, dependency: str, detail: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(503, "dependency_unavailable", detail, retryable=True, retry_after_seconds=retry_after_seconds)
        self.dependency = dependency
