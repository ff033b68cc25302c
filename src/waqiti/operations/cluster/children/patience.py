"""How long processes are waited for, whoever does so."""

from typing import Final

DRAIN_SECONDS: Final = 20.0
"""From the request to end until a process is killed."""

KILLED_SECONDS: Final = 10.0
"""Until one that was killed is gone."""

FRESH_SECONDS: Final = 5.0
"""For so long a sign of life says that a process works: they show one each second."""
