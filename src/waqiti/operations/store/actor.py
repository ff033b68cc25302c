"""Who runs this command."""

import os
import pwd
from typing import Final

_BEFORE_SUDO: Final = "SUDO_USER"


def actor() -> str:
    """Return the login name of the person, also behind ``sudo``; the number of a user without one."""
    if name := os.environ.get(_BEFORE_SUDO):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
