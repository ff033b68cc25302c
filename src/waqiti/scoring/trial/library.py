"""Under what an artifact is tried: another library, Python or catalogue may do otherwise with the same bytes."""

import platform
from functools import cache
from importlib.metadata import version
from typing import Final

from waqiti.scoring.catalogue import fingerprint

_TRIAL: Final = 1
"""Raised where a trial asks for more than it did, so that what passed it is tried again."""

_SHOWN: Final = 16


@cache
def library() -> str:
    """Return what tells this process's way to serve a model from others; xgboost is not imported for it."""
    python = f"Python {platform.python_version()} on {platform.machine()}"
    return f"trial {_TRIAL}, xgboost {version('xgboost-cpu')}, {python}, catalogue {fingerprint()[:_SHOWN]}"
