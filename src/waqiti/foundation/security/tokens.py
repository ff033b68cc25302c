"""Tokens between services: short-lived JWTs (RFC 7519) signed with Ed25519 (RFC 8037), one key pair per deployment."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from waqiti.foundation.security.principals import Principal

AUDIENCE: Final = "waqiti-internal"
_ALGORITHM: Final = "EdDSA"
_LIFE_SECONDS: Final = 600
_RENEW_SECONDS: Final = 60
_LEEWAY_SECONDS: Final = 5
_KEPT_TOKENS: Final = 256


class TokenIssuer:
    """Signs this deployment's tokens; one token is used until a minute before it ends."""

    def __init__(self, service: str, private_key_pem: str) -> None:
        key = serialization.load_pem_private_key(private_key_pem.encode(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        self._service = service
        self._key = key
        self._header = b""
        self._renew_at = 0.0

    @classmethod
    def read(cls, service: str, path: Path) -> "TokenIssuer":
        """Read the private key (PEM, PKCS 8) from a file."""
        return cls(service, path.read_text())

    def authorization(self) -> bytes:
        """Return the value of the ``Authorization`` header."""
        now = time.time()
        if now >= self._renew_at:
            claims = {"iss": self._service, "aud": AUDIENCE, "iat": int(now), "exp": int(now) + _LIFE_SECONDS}
            self._header = b"Bearer " + jwt.encode(claims, self._key, algorithm=_ALGORITHM).encode()
            self._renew_at = now + _LIFE_SECONDS - _RENEW_SECONDS
        return self._header


class TokenVerifier:
    """Verifies tokens of the deployments whose public keys it was given; verified ones are remembered, bounded."""

    def __init__(self, public_keys: Mapping[str, str]) -> None:
        self._keys = {service: _public_key(pem) for service, pem in public_keys.items()}
        self._verified: dict[bytes, tuple[Principal, float]] = {}

    @classmethod
    def read(cls, path: Path) -> "TokenVerifier":
        """Read the public keys, a JSON object of deployment and PEM, from a file."""
        return cls(msgspec.json.decode(path.read_bytes(), type=dict[str, str]))

    def find(self, token: bytes) -> Principal | None:
        """Return the deployment that signed ``token``; None where it is no valid token."""
        known = self._verified.get(token)
        if known is not None and time.time() < known[1]:
            return known[0]
        return self._verify(token)

    def _verify(self, token: bytes) -> Principal | None:
        self._verified.pop(token, None)
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            key = self._keys.get(issuer) if isinstance(issuer, str) else None
            if key is None:
                return None
            required = ["iss", "aud", "exp"]
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                leeway=_LEEWAY_SECONDS,
                options={"require": required},
            )
        except jwt.InvalidTokenError:
            return None
        principal = Principal(f"service:{issuer}", frozenset(), issuer)
        self._remember(token, principal, float(claims["exp"]))
        return principal

    def _remember(self, token: bytes, principal: Principal, expires_at: float) -> None:
        if len(self._verified) >= _KEPT_TOKENS:
            self._verified.clear()
        self._verified[token] = (principal, expires_at)


def new_private_key() -> str:
    """Make an Ed25519 key pair and return its private half (PEM, PKCS 8)."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def public_pem(private_key_pem: str) -> str:
    """Return the public half (PEM) of a private key."""
    key = serialization.load_pem_private_key(private_key_pem.encode(), password=None)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


def _public_key(pem: str) -> Ed25519PublicKey:
    key = serialization.load_pem_public_key(pem.encode())
    assert isinstance(key, Ed25519PublicKey)
    return key
