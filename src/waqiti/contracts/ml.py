"""ml-service: which model is the champion, pushed to whoever serves it, and its artifact."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.caller import Caller

FRAUD_DETECTION: Final = "fraud-detection"
"""The one model that there is: it scores payments and withdrawals inside fraud-service."""

MAX_ARTIFACT_BYTES: Final = 8 * 1024 * 1024
WAIT_SECONDS: Final = 4.0
"""For how long an unchanged champion is waited on: a process that serves a model says so at least this often."""

PATIENCE_SECONDS: Final = 5.0
"""For how long a change of the champion waits until everybody serves it."""

_ANSWER_SECONDS: Final = WAIT_SECONDS + 3.0


class Mark(msgspec.Struct, frozen=True):
    """Which champion is meant. The hash is part of it: a registry that began anew counts from one again."""

    revision: int
    sha256: str


class Following(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A process that serves a model: which champion it serves, and the last one that it knows of.

    ``reader`` is its own, new at each start. It is answered at once where the champion is not the one ``known``.
    """

    reader: UUID
    model: str
    replica: str
    pid: int
    serving: Mark | None
    known: Mark | None


class Champion(msgspec.Struct, frozen=True, kw_only=True):
    """The version in force. ``revision`` rises by one with each change, those back to an older version too.

    ``tried_under`` are the libraries under which it passed a trial; whoever has another one tries it before loading it.
    """

    model: str
    revision: int
    version: str
    sha256: str
    since: datetime
    tried_under: list[str] = []

    @property
    def mark(self) -> Mark:
        """Which one it is."""
        return Mark(self.revision, self.sha256)


class Present(msgspec.Struct, frozen=True):
    """The champion; None as long as nothing was ever registered."""

    champion: Champion | None


class Artifact(msgspec.Struct, frozen=True):
    """The bytes of a model; they travel as base64 (RFC 4648)."""

    sha256: str
    content: bytes


class Leaving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A process that ends: nobody need wait for it."""

    reader: UUID


class MlClient:
    """Typed calls of ml-service."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def champion(self, following: Following, *, timeout_seconds: float = _ANSWER_SECONDS) -> Champion | None:
        """Return the champion, as soon as it is another than the known one, else after ``WAIT_SECONDS``."""
        reply = await self._caller.call(
            "POST", "/internal/models/champion", following, Present, timeout_seconds=timeout_seconds
        )
        return reply.champion

    async def artifact(self, sha256: str, *, timeout_seconds: float = 10.0) -> bytes:
        """Return the bytes of an artifact; whoever gets them compares their hash.

        Raises:
            Problem: 404, there is none.
        """
        reply = await self._caller.call(
            "GET", f"/internal/models/artifacts/{sha256}", None, Artifact, timeout_seconds=timeout_seconds
        )
        return reply.content

    async def leave(self, reader: UUID, *, timeout_seconds: float = 1.0) -> None:
        """Say that this process ends."""
        await self._caller.call(
            "POST", "/internal/models/leave", Leaving(reader), type(None), timeout_seconds=timeout_seconds
        )
