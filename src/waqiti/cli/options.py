"""Options that several commands have."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import CoercionError, Parameter, Token

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON document.")]
State = Annotated[
    Path | None, Parameter(name="--state", help="The state directory; else WAQITI_STATE, else ./.waqiti.")
]

_WHOLE: Final = re.compile(r"-?[0-9]+")


def whole(_type: Any, tokens: Sequence[Token]) -> int:
    """Read a whole number; 2.5 replicas are not 2.

    Raises:
        CoercionError: it is none.
    """
    (token,) = tokens
    if not _WHOLE.fullmatch(token.value):
        raise CoercionError(token=token, target_type=int)
    return int(token.value)
