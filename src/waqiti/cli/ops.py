"""``waqiti ops``: what happens to the platform, and by whom; no service is asked."""

import asyncio
from typing import Final

from waqiti.cli.change_lines import change_lines
from waqiti.cli.databases import keep_quiet
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document
from waqiti.cli.serve import find_deployment
from waqiti.cli.state import known_state
from waqiti.foundation.clock import utc_now
from waqiti.operations.changes.listing import changes_since
from waqiti.operations.history.writing import KEPT_DAYS
from waqiti.operations.switches.wanted import period_of

_SINCE: Final = "1h"


def changes(*, since: str = _SINCE, service: str | None = None, json: Json = False) -> int:
    """List who changed what, newest first: releases, environments, resources, switches, scales, restarts and models.

    It needs neither the gateway nor operations; what cannot be read, such as a database that is down, is named.

    Parameters
    ----------
    since
        How far back, such as 30m, 2h or 7d.
    service
        Only this deployment.
    """
    layout = known_state()
    chosen = None if service is None else find_deployment(service).name
    begin = utc_now() - period_of(since, "--since", longest=KEPT_DAYS)
    keep_quiet()
    found = asyncio.run(changes_since(layout, begin, chosen))
    if json:
        print_document(found)
        return 0
    out = console()
    for line in change_lines(found):
        out.print(line.text, style=line.style, markup=False)
    return 0
