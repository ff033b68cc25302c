"""Decides, from a path and an ``Authorization`` header, who calls and whether they may be there at all."""

from typing import Final

from waqiti.foundation.security.keys import KeyRing
from waqiti.foundation.security.principals import ANONYMOUS, API, OPERATOR, Principal, forbidden, unauthorized
from waqiti.foundation.security.tokens import TokenVerifier

_BEARER: Final = b"bearer "
_INTERNAL: Final = "/internal"
_DIAGNOSTICS: Final = ("/actuator", "/cache")
_OPEN: Final = frozenset({"/openapi.json", "/actuator/info"})
_HEALTH: Final = "/actuator/health"


class Authenticator:
    """The rule of every service: health and the API document are open, ``/internal`` takes tokens only, ``/actuator``
    an operator's key or a token, everything else a key with the scope "api".
    """

    def __init__(self, keys: KeyRing, tokens: TokenVerifier) -> None:
        self._keys = keys
        self._tokens = tokens

    def authenticate(self, path: str, authorization: bytes | None) -> Principal:
        """Return the caller; ``path`` must be in normal form.

        Raises:
            Problem: 401 ``unauthorized``, or 403 ``forbidden`` where a known caller has no business there.
        """
        if path in _OPEN or _below(path, _HEALTH):
            return ANONYMOUS
        credential = _credential(authorization)
        if _below(path, _INTERNAL):
            return self._service(credential)
        if path.startswith(_DIAGNOSTICS):
            return self._tokens.find(credential) or self._operator(credential)
        principal = self._key(credential)
        principal.require(API)
        return principal

    def _key(self, credential: bytes) -> Principal:
        principal = self._keys.find(credential)
        if principal is None:
            raise unauthorized("The API key is unknown or revoked.")
        return principal

    def _operator(self, credential: bytes) -> Principal:
        principal = self._key(credential)
        principal.require(OPERATOR)
        return principal

    def _service(self, credential: bytes) -> Principal:
        principal = self._tokens.find(credential)
        if principal is not None:
            return principal
        self._key(credential)
        raise forbidden("Internal routes take the platform's own tokens only.")


def _below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")


def _credential(authorization: bytes | None) -> bytes:
    if authorization is None:
        raise unauthorized("An Authorization header with a bearer key is needed.")
    if authorization[:7].lower() != _BEARER:
        raise unauthorized("The Authorization header must be 'Bearer <key>'.")
    return authorization[7:].strip()
