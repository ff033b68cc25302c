"""The outermost layer of every service: what happens to a request before and after its handler.

In order: request id and trace; the framing of the message; the path in normal form; authentication; what switches
refuse; the body within its bounds; strict JSON; then the raw route or the framework. Whatever is raised becomes a
problem document. Metrics, and where asked one log line, at the end.
"""

import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from waqiti.foundation.errors import Problem
from waqiti.foundation.http import body, framing, problems, query, strict
from waqiti.foundation.http.access import AccessLog
from waqiti.foundation.http.admission import Admission, Refused
from waqiti.foundation.http.asgi import ANSWER, Answer, ASGIApp, Message, Receive, Scope, Send
from waqiti.foundation.http.exchange import DEFAULT_MAX_BODY_BYTES, JSON_TYPE, Incoming, Outgoing, require_service
from waqiti.foundation.http.measures import Measures
from waqiti.foundation.http.methods import Methods
from waqiti.foundation.http.raw import RawRoute, RawRoutes
from waqiti.foundation.http.security_audit import SecurityAudit
from waqiti.foundation.security import Authenticator
from waqiti.foundation.telemetry.trace import Trace, accepted_parent, accepted_request_id, enter_trace

INCOMING: Final = "waqiti.incoming"
UNMATCHED: Final = "unmatched"
MAX_IN_FLIGHT: Final = 4096

_WITHOUT_BODY: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_CLOSE: Final = (b"connection", b"close")
_CARRIES_JSON: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_INTERNAL: Final = "/internal/"
_DIAGNOSTICS: Final = "/actuator/"
_FOR_OPERATORS: Final = re.compile(r"/(?:actuator/(?!(?:health|info)(?:/|\Z))|cache/)")
_ODD_PATH: Final = re.compile(r"//|[\x00-\x1f\x7f]|(?<=.)/\Z")
_NUL: Final = b"%00"
_HTML: Final = b"text/html"


class Edge:
    """The ASGI application that a server runs; ``framework`` gets what no raw route takes."""

    def __init__(
        self,
        framework: ASGIApp,
        raw: RawRoutes,
        methods: Methods,
        authenticator: Authenticator,
        measures: Measures,
        admission: Admission,
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        access_log: AccessLog | None = None,
        security_audit: SecurityAudit | None = None,
        body_limits: Mapping[str, int] | None = None,
        public_port: int | None = None,
    ) -> None:
        self._framework = framework
        self._raw = raw
        self._methods = methods
        self._authenticator = authenticator
        self._measures = measures
        self._admission = admission
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._access_log = access_log
        self._security_audit = security_audit
        self._body_limits = dict(body_limits or {})
        self._public_port = public_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        if scope["method"] == "HEAD":
            # The server leaves the body of the answer out, by a scope of its own.
            scope = {**scope, "method": "GET"}
        incoming = Incoming(
            method=scope["method"],
            path=scope["path"],
            raw_path=scope["raw_path"],
            query_string=scope["query_string"],
            headers=scope["headers"],
        )
        incoming.trace = Trace(
            accepted_request_id(incoming.header(b"x-request-id")), accepted_parent(incoming.header(b"traceparent"))
        )
        enter_trace(incoming.trace)
        route = self._raw.find(incoming.method, incoming.path)
        self._in_flight += 1
        try:
            status = await self._serve(scope, receive, send, incoming, route)
        finally:
            self._in_flight -= 1
            if incoming.held_bytes:
                body.ROOM.give_back(incoming)
        template = route.template or route.path if route is not None else scope.get("path_template") or UNMATCHED
        elapsed = time.perf_counter() - started
        self._measures.record(incoming.method, template, status, elapsed)
        if self._access_log is not None:
            self._access_log.write(incoming, template, status, elapsed)
        if self._security_audit is not None and self._security_audit.on:
            self._security_audit.write(incoming, template, status)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, incoming: Incoming, route: RawRoute | None
    ) -> int:
        responder = _Responder(send, scope.pop(ANSWER, None), incoming)
        try:
            await self._admit(scope, receive, incoming, route)
            if route is not None:
                await responder.send(await route.handler(incoming))
            elif incoming.method == "OPTIONS" and (offered := self._methods.of(incoming.path)):
                await responder.send(Outgoing(204, b"", ((b"allow", ", ".join(sorted(offered)).encode()),)))
            else:
                scope[INCOMING] = incoming
                await self._framework(scope, _replay(incoming.body), responder.forward)
        except body.Refused as problem:
            await self._refuse_unread(receive, responder, problem)
        except body.ClientGone:
            return 499
        except Problem as problem:
            if isinstance(problem, Refused):
                incoming.refused_by = problem.code
            await responder.refuse(problem)
        except Exception as error:  # noqa: BLE001 - the one place where what nobody foresaw becomes an answer
            await responder.refuse(problems.unexpected(error))
        return responder.status

    async def _admit(self, scope: Scope, receive: Receive, incoming: Incoming, route: RawRoute | None) -> None:
        if self._in_flight > self._max_in_flight and not incoming.path.startswith(_DIAGNOSTICS):
            raise Problem.unavailable("overloaded", "Too many requests are being worked on.")
        framing.check(incoming, scope["http_version"])
        limit = self._body_limits.get(incoming.path, DEFAULT_MAX_BODY_BYTES) if route is None else route.max_body_bytes
        try:
            self._authorize(scope, incoming, route)
            unless_replayed = self._admission.check(incoming) if self._admission.on else None
        except Problem as problem:
            incoming.unread = await body.drop(receive, incoming, limit)
            raise self._admission.instead_of(problem, incoming) from None
        incoming.body = await body.read(receive, incoming, limit)
        if _NUL in incoming.query_string:
            name = next(part for part in incoming.query_string.split(b"&") if _NUL in part).partition(b"=")[0]
            raise Problem.invalid("The query must not hold U+0000.", pointer="?" + name.decode("latin-1"))
        strictly = route.strict_json if route is not None else not incoming.path.startswith(_INTERNAL)
        if route is not None and route.query is not None:
            query.check(incoming.query_string, route.query)
        if strictly and incoming.body and incoming.method in _CARRIES_JSON:
            _read_json(incoming)
        if route is not None and strictly and incoming.needs_idempotency_key:
            incoming.idempotency_key()
        if unless_replayed is not None:
            await self._admission.require_replay(unless_replayed, incoming)

    def _authorize(self, scope: Scope, incoming: Incoming, route: RawRoute | None) -> None:
        if _ODD_PATH.search(incoming.path):
            raise Problem.not_found("There is nothing at this path.")
        if route is not None and route.open:
            return
        if not self._authenticator.is_open(incoming.path):
            incoming.is_judged = True
            incoming.principal = self._authenticator.identify(incoming.path, incoming.header(b"authorization"))
            self._authenticator.authorize(incoming.path, incoming.principal)
        is_public = self._public_port is not None and scope["server"][1] == self._public_port
        if is_public and _FOR_OPERATORS.match(incoming.path):
            raise Problem.not_found("There is nothing at this path.")
        if route is not None:
            require_service(incoming.principal, route.services)

    async def _refuse_unread(self, receive: Receive, responder: "_Responder", problem: body.Refused) -> None:
        if not problem.unread:
            await responder.refuse(problem)
            return
        responder.close_after = True
        await responder.refuse(problem, more_body=True)
        await body.linger(receive)
        await responder.finish()


class _Responder:
    """Sends one answer with the headers that all answers carry."""

    __slots__ = ("_answer", "_incoming", "_send", "_started", "close_after", "status")

    def __init__(self, send: Send, answer: Answer | None, incoming: Incoming) -> None:
        self._send = send
        self._answer = answer
        self._incoming = incoming
        self._started = False
        self.close_after = False
        self.status = 500

    async def forward(self, message: Message) -> None:
        """Pass on what the framework sends."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._started = True
            message["headers"] = [*message["headers"], *self._common()]
        await self._send(message)

    async def send(self, answer: Outgoing, *, more_body: bool = False) -> None:
        """Send a whole answer."""
        self.status = answer.status
        self._started = True
        headers = [*answer.headers, *self._common()]
        if answer.status not in _WITHOUT_BODY:
            headers.append((b"content-type", answer.content_type))
            headers.append((b"content-length", b"%d" % len(answer.body)))
        if self._answer is not None and not more_body:
            await self._answer(answer.status, headers, answer.body)
            return
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": answer.body, "more_body": more_body})

    async def refuse(self, problem: Problem, *, more_body: bool = False) -> None:
        """Send a problem document, unless an answer is already under way."""
        if self._started:
            raise problem
        answer = problems.answer(problem, self._incoming.request_id)
        if isinstance(problem, Refused) and problem.page is not None and self._is_browser():
            answer = Outgoing(answer.status, problem.page, answer.headers, _HTML + b"; charset=utf-8")
        await self.send(answer, more_body=more_body)

    async def finish(self) -> None:
        """End an answer that was sent with ``more_body``."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _is_browser(self) -> bool:
        return _HTML in (self._incoming.header(b"accept") or b"")

    def _common(self) -> list[tuple[bytes, bytes]]:
        headers = [(b"x-request-id", self._incoming.request_id.encode())]
        if self.close_after or self._incoming.unread:
            headers.append(_CLOSE)
        return headers


def _read_json(incoming: Incoming) -> None:
    content_type = incoming.header(b"content-type")
    if incoming.header(b"content-encoding") not in (None, b"identity"):
        raise Problem(415, "unsupported_media_type", "The body must not be encoded.")
    if content_type != JSON_TYPE and not _is_json(content_type):
        raise Problem(415, "unsupported_media_type", "The body must be application/json in UTF-8.")
    incoming.json = strict.parse(incoming.body)


def _is_json(content_type: bytes | None) -> bool:
    if content_type is None:
        return False
    kind, _, parameters = content_type.lower().partition(b";")
    parameters = parameters.replace(b" ", b"").replace(b'"', b"")
    return kind.strip() == JSON_TYPE and parameters in (b"", b"charset=utf-8")


def _replay(content: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": content, "more_body": False}

    return receive
