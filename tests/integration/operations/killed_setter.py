"""Set a switch and die, by SIGKILL, when the store has it and nobody else: ``python -m ... STATE NAME``."""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from waqiti.operations.state.layout import Layout
from waqiti.operations.switches import changing


def _die(*_arguments: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


if __name__ == "__main__":
    vars(changing)["publish"] = _die
    wanted = changing.SwitchChange(
        name=sys.argv[2], value=True, services=("payment-service",), actor="killed", reason="To be killed."
    )
    changing.change(Layout(Path(sys.argv[1])), wanted)
