"""``Prefer: wait=N`` (RFC 7240): how long a client wants to wait for an answer."""

import re
from typing import Final

_WAIT: Final = re.compile(rb"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=[,;]|$)", re.IGNORECASE)


def wait_seconds(header: bytes | None, *, default: float, maximum: float) -> float:
    """Return the seconds to wait: ``default`` where the header says nothing readable, never over ``maximum``."""
    found = _WAIT.search(header) if header else None
    return min(float(found[1]), maximum) if found else default
