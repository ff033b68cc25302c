"""Hiding secrets in what is shown: by the name that a value stands under, by how it begins, and in URLs."""

import re
from typing import Final

MASK: Final = "***"
# Anywhere in a name; then only as a word of it, for a keyboard is no key and a bypass no password.
_SECRET_NAME: Final = re.compile(
    r"password|passwd|passphrase|secret|token|authorization|api_?key|private|credential"
    r"|(?<![a-z])(?:pass|pwd|pw|pin|otp|auth|key|signing|hmac|salt|dsn|cert|certificate|bearer|jwt|session|cookie)(?![a-z])",
    re.IGNORECASE,
)
# Schemes of RFC 7617 and 6750, PEM (RFC 7468), and a signed token (RFC 7519).
_SECRET_VALUE: Final = re.compile(r"\s*(?:(?i:basic|bearer)\s+\S|-----BEGIN |eyJ[\w-]+\.)")
_SECRET_IN_URL: Final = re.compile(r"(://[^:/@\s]*):[^@\s]+@")


def mask_text(text: str) -> str:
    """Hide the password of every URL in ``text``."""
    return _SECRET_IN_URL.sub(rf"\1:{MASK}@", text) if "://" in text else text


def masked(name: str, text: str) -> str:
    """Return ``text`` as it may be shown under ``name``: hidden where the name, or how it begins, says secret."""
    return MASK if _SECRET_NAME.search(name) or _SECRET_VALUE.match(text) else mask_text(text)
