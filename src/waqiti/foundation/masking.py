"""Hiding secrets in what is shown: by the name that a value stands under, and in URLs."""

import re
from typing import Final

MASK: Final = "***"
_SECRET_NAME: Final = re.compile(r"password|secret|token|authorization|api_?key|private|credential", re.IGNORECASE)
_SECRET_IN_URL: Final = re.compile(r"(://[^:/@\s]+):[^@\s]+@")


def mask_text(text: str) -> str:
    """Hide the password of every URL in ``text``."""
    return _SECRET_IN_URL.sub(rf"\1:{MASK}@", text) if "://" in text else text


def masked(name: str, text: str) -> str:
    """Return ``text`` as it may be shown under ``name``: hidden where the name says secret."""
    return MASK if _SECRET_NAME.search(name) else mask_text(text)
