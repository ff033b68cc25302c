"""The one who calls, as the service knows them."""

from typing import Final

import msgspec

from waqiti.foundation.errors import Problem

API: Final = "api"
OPERATOR: Final = "operator"
APPROVER: Final = "approver"


class Principal(msgspec.Struct, frozen=True):
    """Who calls: an API key by its id, or (``service`` set) another deployment by its token."""

    key_id: str
    scopes: frozenset[str] = frozenset()
    service: str | None = None

    def has(self, scope: str) -> bool:
        """Say whether the scope was granted; "operator" implies "api"."""
        return scope in self.scopes

    def require(self, scope: str) -> None:
        """Raise 403 ``forbidden`` where the scope was not granted."""
        if scope not in self.scopes:
            raise forbidden(f"This needs a key with the scope {scope!r}.")


ANONYMOUS: Final = Principal("anonymous")


def forbidden(detail: str) -> Problem:
    """Build a 403 ``forbidden``."""
    return Problem(403, "forbidden", detail)


def unauthorized(detail: str) -> Problem:
    """Build a 401 ``unauthorized``; the answer carries ``WWW-Authenticate: Bearer``."""
    return Problem(401, "unauthorized", detail)
