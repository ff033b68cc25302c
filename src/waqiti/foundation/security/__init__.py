"""Who is calling: public API keys, and signed tokens between services."""

from waqiti.foundation.security.authenticator import Authenticator
from waqiti.foundation.security.keys import ApiKey, KeyFile, KeyRing, digest_of
from waqiti.foundation.security.principals import ANONYMOUS, API, APPROVER, OPERATOR, Principal
from waqiti.foundation.security.tokens import AUDIENCE, TokenIssuer, TokenVerifier, new_private_key, public_pem

__all__ = [
    "ANONYMOUS",
    "API",
    "APPROVER",
    "AUDIENCE",
    "OPERATOR",
    "ApiKey",
    "Authenticator",
    "KeyFile",
    "KeyRing",
    "Principal",
    "TokenIssuer",
    "TokenVerifier",
    "digest_of",
    "new_private_key",
    "public_pem",
]
