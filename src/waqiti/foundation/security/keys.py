"""Public API keys: kept hashed in one file, which is read again within 200 ms of a change."""

import hashlib
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from waqiti.foundation.security.principals import API, OPERATOR, Principal
from waqiti.foundation.telemetry import logger

_POLL_SECONDS: Final = 0.2
_log = logger(__name__)


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One key: ``sha256`` is the hexadecimal digest of the whole key; a revoked one no longer opens anything."""

    id: str
    sha256: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None = None


class KeyFile(msgspec.Struct, frozen=True):
    """The content of ``keys.json``."""

    keys: list[ApiKey]


def digest_of(key: str) -> str:
    """Return what is stored of a key: the hexadecimal SHA-256 of its UTF-8 bytes.

    A plain hash is enough: keys are random and long, not chosen by people.
    """
    return hashlib.sha256(key.encode()).hexdigest()


class KeyRing:
    """Looks keys up by hash; a file that is missing or cannot be read leaves the last good keys in force."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._principals: dict[bytes, Principal] = {}
        self._seen: tuple[int, int, int] | None = None
        self._next_poll = 0.0
        self.refresh()

    def find(self, key: bytes) -> Principal | None:
        """Return who holds ``key``; None where nobody does, or no longer."""
        if time.monotonic() >= self._next_poll:
            self.refresh()
        return self._principals.get(hashlib.sha256(key).digest())

    def refresh(self) -> None:
        """Read the file where it has changed, without waiting for the next look at it."""
        self._next_poll = time.monotonic() + _POLL_SECONDS
        if self._path is None:
            return
        try:
            status = os.stat(self._path)  # noqa: PTH116 - on the hot path
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                self._principals = _principals(self._path.read_bytes())
                self._seen = seen
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            _log.warning("keys_unreadable", path=str(self._path), reason=str(error))


def _principals(content: bytes) -> dict[bytes, Principal]:
    keys = msgspec.json.decode(content, type=KeyFile).keys
    return {bytes.fromhex(key.sha256): Principal(key.id, _scopes(key)) for key in keys if key.revoked_at is None}


def _scopes(key: ApiKey) -> frozenset[str]:
    implied = {API} if OPERATOR in key.scopes else set()
    return frozenset(key.scopes) | implied
