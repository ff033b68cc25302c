"""Typed calls of another deployment."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import msgspec

from waqiti.foundation.errors import DependencyUnavailable, FieldError, Problem
from waqiti.foundation.http.client.client import MAX_CONNECTIONS, MAX_WAITERS, Headers, HttpClient
from waqiti.foundation.http.client.connection import HttpResponse
from waqiti.foundation.http.client.deadline import Deadline
from waqiti.foundation.http.client.failures import NoAnswer, RefusesUs, report_refusal
from waqiti.foundation.telemetry import current_trace

Reply = TypeVar("Reply")

_JSON: Final = (b"content-type", b"application/json")
_UNKNOWN_OUTCOME: Final = (500, 502, 504)
_FIRST_ERROR: Final = 400
_UNAVAILABLE: Final = 503
_REFUSES_US: Final = (401, 403, 405, 413, 415)

_encode = msgspec.json.Encoder().encode


class _Document(msgspec.Struct, frozen=True):
    status: int
    code: str
    detail: str
    title: str = ""
    retryable: bool = False
    errors: tuple[FieldError, ...] = ()


_DOCUMENT: Final = msgspec.json.Decoder(_Document)


class ServiceClient(HttpClient):
    """Calls one deployment; ``authorization`` gives the header that says who calls. While ``isolated``, nobody does."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        authorization: Callable[[], bytes],
        isolated: Callable[[], bool] = lambda: False,
        max_connections: int = MAX_CONNECTIONS,
        max_waiters: int = MAX_WAITERS,
    ) -> None:
        super().__init__(name, url, max_connections=max_connections, max_waiters=max_waiters)
        self._authorization = authorization
        self._isolated = isolated

    async def request(
        self,
        method: str,
        path: str | bytes,
        *,
        headers: Headers,
        body: bytes = b"",
        deadline: Deadline,
        idempotent: bool = False,
    ) -> HttpResponse:
        """Send a request as ``HttpClient`` does, unless this service is isolated.

        Raises:
            NoAnswer: there was none by the deadline; ``sent`` says whether it may have had an effect.
            DependencyUnavailable: the breaker is open, or this service is isolated; nothing was sent.
        """
        if self._isolated():
            raise DependencyUnavailable(self.name, "This service is isolated, and calls nobody.")
        return await super().request(method, path, headers=headers, body=body, deadline=deadline, idempotent=idempotent)

    async def call(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None,
        reply: type[Reply],
        *,
        timeout_seconds: float,
        idempotent: bool = True,
    ) -> Reply:
        """Send ``body`` as JSON and read the answer as ``reply``.

        Raises:
            NoAnswer: it was sent, and the answer was lost, late, 500, 502, 504 or unreadable: what it did is unknown.
            DependencyUnavailable: it was not sent, or the deployment said 503.
            RefusesUs: it takes no such call of this service (401, 403, 405, 413, 415).
            Problem: the deployment answered with another problem document.
        """
        content = _encode(body) if body is not None else b""
        try:
            answer = await self.request(
                method,
                path,
                headers=self._headers(),
                body=content,
                deadline=Deadline(timeout_seconds),
                idempotent=idempotent,
            )
        except NoAnswer as error:
            if error.sent:
                raise
            raise DependencyUnavailable(self.name, error.detail) from error
        if answer.status >= _FIRST_ERROR:
            raise self._problem(answer)
        return self._read(answer, reply)

    def _headers(self) -> Headers:
        headers = [_JSON, (b"authorization", self._authorization())]
        trace = current_trace()
        if trace is not None:
            headers.append((b"traceparent", trace.traceparent.encode()))
            headers.append((b"x-request-id", trace.request_id.encode()))
        return headers

    def _read(self, answer: HttpResponse, reply: type[Reply]) -> Reply:
        if reply is type(None):
            return None
        try:
            decoded: Reply = _decoder(cast("Hashable", reply)).decode(answer.body)
        except msgspec.MsgspecError as error:
            raise NoAnswer(self.name, f"the answer cannot be read ({error})", sent=True) from error
        return decoded

    def _problem(self, answer: HttpResponse) -> Problem:
        if answer.status in _UNKNOWN_OUTCOME:
            return NoAnswer(self.name, f"it answered {answer.status}", sent=True)
        try:
            document = _DOCUMENT.decode(answer.body)
        except msgspec.MsgspecError:
            return NoAnswer(self.name, f"it answered {answer.status} without a problem document", sent=True)
        after = _seconds(answer.header(b"retry-after"))
        if answer.status == _UNAVAILABLE:
            detail = f"{self.name}: {document.detail}"
            return DependencyUnavailable(self.name, detail, retry_after_seconds=after or 1)
        if answer.status in _REFUSES_US:
            report_refusal(self.name, answer.status, document.detail)
            return RefusesUs(self.name, f"{self.name} refuses our calls.")
        return Problem(
            answer.status,
            document.code,
            document.detail,
            title=document.title or None,
            retryable=document.retryable,
            retry_after_seconds=after,
            errors=document.errors,
        )


def _seconds(header: bytes | None) -> int | None:
    return int(header) if header is not None and header.isdigit() else None


@lru_cache(maxsize=256)
def _decoder(reply: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast("type[Any]", reply))
