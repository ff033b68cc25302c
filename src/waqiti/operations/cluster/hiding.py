"""What is shown of the variables of a deployment: all that the product knows, and little of what it does not."""

import re
from typing import Final

from waqiti.contracts.switches import find_switch
from waqiti.foundation.masking import MASK, masked
from waqiti.foundation.settings import PREFIX

# Of the interpreter, the C library and the locale.
_HARMLESS_NAME: Final = re.compile(r"(?:PYTHON|MALLOC_|GLIBC_|LD_|LC_|OMP_)[A-Z0-9_]*|TZ|LANG|PATH|TMPDIR")
# Nothing, yes or no, or a small number with its unit.
_HARMLESS_VALUE: Final = re.compile(
    r"|true|false|on|off|yes|no|-?[0-9]{1,5}(?:\.[0-9]{1,5})?[a-z%]{0,2}", re.IGNORECASE
)


def shown_value(name: str, value: str) -> str:
    """Return the value of a variable as it may be shown.

    Whose name the product does not own may be anything, also a secret that does not look like one.
    """
    if find_switch(name) is not None:
        return value
    if name.startswith(PREFIX) or _HARMLESS_NAME.fullmatch(name) or _HARMLESS_VALUE.fullmatch(value):
        return masked(name, value) if value else value
    return MASK


def assignment(name: str, value: str) -> str:
    """Return ``NAME=VALUE`` as it may be shown."""
    return f"{name}={shown_value(name, value)}"
