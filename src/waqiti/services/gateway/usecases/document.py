"""Gathers the API document of the platform from its services."""

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client import Deadline, HttpClient, NoAnswer
from waqiti.services.gateway.domain.openapi import merged

_FETCH_SECONDS: Final = 2.0
_KEPT_SECONDS: Final = 10.0
_TITLE: Final = "Waqiti"


class DocumentDesk:
    """Keeps the merged document for ten seconds; an owner that does not answer leaves its last known part in place."""

    def __init__(self, clients: Mapping[str, HttpClient], version: str) -> None:
        self._clients = clients
        self._version = version
        self._parts: dict[str, dict[str, Any]] = {}
        self._document = b""
        self._fresh_until = 0.0
        self._lock = asyncio.Lock()

    async def document(self) -> bytes:
        """Return the document as JSON.

        Raises:
            DependencyUnavailable: a service has never told its part.
        """
        async with self._lock:
            if time.monotonic() >= self._fresh_until:
                await self._gather()
            return self._document

    async def _gather(self) -> None:
        found = await asyncio.gather(*(self._part(name) for name in self._clients))
        document = merged(found, title=_TITLE, version=self._version)
        self._document = msgspec.json.encode(document)
        self._fresh_until = time.monotonic() + _KEPT_SECONDS

    async def _part(self, deployment: str) -> dict[str, Any]:
        try:
            part = await self._fetch(deployment)
        except (DependencyUnavailable, NoAnswer):
            if deployment not in self._parts:
                raise
            return self._parts[deployment]
        self._parts[deployment] = part
        return part

    async def _fetch(self, deployment: str) -> dict[str, Any]:
        answer = await self._clients[deployment].request(
            "GET", "/openapi.json", headers=[], deadline=Deadline(_FETCH_SECONDS), idempotent=True
        )
        if answer.status != HTTPStatus.OK:
            raise DependencyUnavailable(deployment, f"{deployment} did not give its API document.")
        return msgspec.json.decode(answer.body, type=dict[str, Any])
