"""Asking a child for a trial."""

import signal
from typing import Final

import msgspec

from waqiti.foundation.children import Ended, asked
from waqiti.scoring.trial.report import ACCUSED, Passed, Refused, decode

SECONDS: Final = 20.0
"""For how long a trial may run; a good one takes less than one, and two where it tells stories of innocent people."""

_MODULE: Final = "waqiti.scoring.trial"


async def tried(content: bytes, *, accused: bool = False) -> Passed | Refused:
    """Load an artifact and predict by it in a process of its own; ``accused`` also judges it by innocent people.

    Raises:
        OSError: no process can be started.
    """
    arguments = [ACCUSED] if accused else []
    ended = await asked(_MODULE, *arguments, content=content, seconds=SECONDS)
    if ended.code == 0:
        try:
            return decode(ended.output)
        except msgspec.MsgspecError:
            return Refused("the process that tried it was cut short")
    return Refused(_why(ended))


def _why(ended: Ended) -> str:
    if ended.code is None:
        return f"trying it took more than {SECONDS:g} s"
    if ended.code > 0:
        return f"the process that tried it ended with {ended.code}"
    try:
        name = signal.Signals(-ended.code).name
    except ValueError:
        name = f"signal {-ended.code}"
    return f"the process that tried it was ended by {name}"
