"""Secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key that stands in a file and never in the database."""

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class VaultError(Exception):
    """The key is none, or it is not the one that something was sealed with."""


class Vault:
    """Seals texts for a place; what is moved to another place cannot be opened there."""

    def __init__(self, key_text: str) -> None:
        """Take the key as its file holds it: 32 bytes in base64."""
        try:
            key = base64.b64decode(key_text, validate=True)
        except ValueError as error:
            raise VaultError("the key is no base64") from error
        if len(key) != _KEY_BYTES:
            raise VaultError(f"the key has {len(key)} bytes instead of {_KEY_BYTES}")
        self._cipher = AESGCM(key)

    def seal(self, content: bytes, place: bytes) -> bytes:
        """Encrypt ``content`` under a nonce of its own, which stands before it."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Return what was sealed for ``place``.

        Raises:
            VaultError: it was sealed with another key or for another place.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        except InvalidTag as error:
            raise VaultError("what is sealed cannot be opened with this key") from error
