"""Requests to the byte, for what a well-behaved client never sends."""

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def document(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    def problem(self) -> Any:
        """Return the body, asserted to be a whole problem document."""
        assert self.headers["content-type"].startswith("application/problem+json"), self
        document = self.document()
        assert {"type", "title", "status", "detail", "code", "retryable", "request_id"} <= set(document), document
        assert document["status"] == self.status
        return document


class RawClient:
    """One connection per request."""

    def __init__(self, base_url: str, key: str | None) -> None:
        parts = urlsplit(base_url)
        self._address = parts.netloc
        self._key = key

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        key: str | None = "own",
    ) -> Answer:
        """Send exactly ``body``; ``key`` None leaves the Authorization header out."""
        given = {"Content-Type": "application/json"} if body is not None else {}
        bearer = self._key if key == "own" else key
        if bearer is not None:
            given["Authorization"] = f"Bearer {bearer}"
        given |= headers or {}
        connection = http.client.HTTPConnection(self._address, timeout=40)
        try:
            connection.request(method, path, body=body, headers=given)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, path: str, body: object, *, idempotency_key: str | None = None, **headers: str) -> Answer:
        """Send ``body`` as JSON with an idempotency key, a new one where none is given."""
        given = {"Idempotency-Key": idempotency_key or uuid4().hex} | headers
        return self.send("POST", path, json.dumps(body).encode(), given)

    def get(self, path: str) -> Answer:
        """Read ``path``."""
        return self.send("GET", path)


def talk(url: str, *pieces: bytes, seconds: float = 5.0) -> bytes:
    """Send ``pieces`` as they are and return everything that comes back until the server closes or falls silent."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=seconds) as connection:
        for piece in pieces:
            connection.sendall(piece)
        connection.settimeout(0.5)
        received = b""
        try:
            while data := connection.recv(65536):
                received += data
        except TimeoutError:
            pass
        return received
