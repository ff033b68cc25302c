"""Whether a deployment is cut off: what died in it stays as it is, for whoever finds out why."""

import os
from typing import Final

import msgspec

from waqiti.contracts.switches import ISOLATION_MODE
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import SwitchFile
from waqiti.operations.cluster.layout import Layout

_TRUE: Final = frozenset({"true", "1"})
_FILE: Final = msgspec.json.Decoder(SwitchFile)


def is_isolated(layout: Layout, deployment: str) -> bool:
    """Say what replicas of a deployment follow: a live value, else that of the environment which they inherit."""
    now = utc_now()
    for switch in _switches(layout).switches:
        if (switch.name, switch.service) == (ISOLATION_MODE, deployment) and (
            switch.expires_at is None or switch.expires_at > now
        ):
            return switch.value is True
    return os.environ.get(ISOLATION_MODE, "").lower() in _TRUE


def _switches(layout: Layout) -> SwitchFile:
    try:
        return _FILE.decode(layout.switches.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return SwitchFile(0)
