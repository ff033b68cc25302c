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
        if self.is_open(path):
            return ANONYMOUS
        principal = self.identify(path, authorization)
        self.authorize(path, principal)
        return principal

    def is_open(self, path: str) -> bool:
        """Say whether anybody may be there."""
        return path in _OPEN or _below(path, _HEALTH)

    def identify(self, path: str, authorization: bytes | None) -> Principal:
        """Return who calls; tokens count where deployments have business.

        Raises:
            Problem: 401 ``unauthorized``.
        """
        credential = _credential(authorization)
        if _below(path, _INTERNAL) or path.startswith(_DIAGNOSTICS):
            return self._tokens.find(credential) or self._key(credential)
        return self._key(credential)

    def authorize(self, path: str, principal: Principal) -> None:
        """Raise 403 ``forbidden`` where a known caller has no business there."""
        if _below(path, _INTERNAL):
            if principal.service is None:
                raise forbidden("Internal routes take the platform's own tokens only.")
        elif path.startswith(_DIAGNOSTICS):
            if principal.service is None:
                principal.require(OPERATOR)
        else:
            principal.require(API)

    def _key(self, credential: bytes) -> Principal:
        principal = self._keys.find(credential)
        if principal is None:
            raise unauthorized("The API key is unknown or revoked.")
        return principal


def _below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")


def _credential(authorization: bytes | None) -> bytes:
    if authorization is None:
        raise unauthorized("An Authorization header with a bearer key is needed.")
    if authorization[:7].lower() != _BEARER:
        raise unauthorized("The Authorization header must be 'Bearer <key>'.")
    return authorization[7:].strip()
