"""What the supervisor says of itself, for whoever reads the log that it shares with init."""

import os
import sys
from contextlib import suppress


def say(sentence: str) -> None:
    """Write a line to standard error, which is that log; where the disk is full the line is lost."""
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"waqiti-supervisor: {sentence}\n".encode())
