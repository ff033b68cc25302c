"""Sizes of memory as people write them: ``512Mi``, ``4Gi``."""

import re
from typing import Final

from waqiti.operations.errors import WRONG_USE, ClusterError

LEAST_LIMIT_BYTES: Final = 128 * 1024**2
MOST_LIMIT_BYTES: Final = 1024**4
_UNITS: Final = {"Mi": 1024**2, "Gi": 1024**3}
_SIZE: Final = re.compile(r"([1-9][0-9]{0,8})(Mi|Gi)")


def memory_limit_of(text: str, option: str = "--memory-limit") -> int:
    """Read a limit; return bytes.

    Raises:
        ClusterError: it is no size, or not from 128Mi to 1024Gi.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ClusterError(f"{option} wants a size such as 512Mi or 4Gi, and not {text!r}", WRONG_USE)
    size_bytes = int(found[1]) * _UNITS[found[2]]
    if not LEAST_LIMIT_BYTES <= size_bytes <= MOST_LIMIT_BYTES:
        least, most = size_text(LEAST_LIMIT_BYTES), size_text(MOST_LIMIT_BYTES)
        raise ClusterError(f"{option} is from {least} to {most}, and not {text.strip()}", WRONG_USE)
    return size_bytes


def size_text(size_bytes: int) -> str:
    """Write a size: whole gibibytes as ``4Gi``, else mebibytes."""
    gibibytes, rest = divmod(size_bytes, _UNITS["Gi"])
    return f"{gibibytes}Gi" if gibibytes and not rest else f"{size_bytes // _UNITS['Mi']}Mi"
