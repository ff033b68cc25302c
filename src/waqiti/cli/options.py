"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON document.")]
State = Annotated[
    Path | None, Parameter(name="--state", help="The state directory; else WAQITI_STATE, else ./.waqiti.")
]
