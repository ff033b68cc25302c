"""``waqiti compliance cases``: customers who may be on a list, and what people decide about them."""

from itertools import islice
from typing import Annotated, Final, Literal

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.calling import operator
from waqiti.cli.options import Json, whole
from waqiti.cli.output import console, print_document, say
from waqiti.client import Case, pages
from waqiti.contracts.public.cases import CaseStatus

MOST: Final = 10_000
_DEFAULT: Final = 100


class Listed(msgspec.Struct, frozen=True):
    """What ``cases list --json`` prints."""

    cases: list[Case]


def show(
    *,
    status: CaseStatus = "open",
    limit: Annotated[int, Parameter(converter=whole, validator=Number(gte=1, lte=MOST))] = _DEFAULT,
    json: Json = False,
) -> int:
    """List cases, the newest first.

    Parameters
    ----------
    status
        Those that are open, approved or declined.
    limit
        How many at most.
    """
    with operator() as client:
        found = list(islice(pages(client.cases.list, status=status), limit))
    if json:
        print_document(Listed(found))
    elif found:
        _show(found)
    else:
        say(f"no case is {status}")
    return 0


def approve(case: str, /, *, reason: str, json: Json = False) -> int:
    """Say that a customer is nobody whom the lists mean: they are active at once, and are not found so again.

    Parameters
    ----------
    case
        The id of the case.
    reason
        Why; it is kept with the case.
    """
    return _decide(case, "approve", reason, as_json=json)


def decline(case: str, /, *, reason: str, json: Json = False) -> int:
    """Say that a customer is on a list: they are blocked for good, and all that they have is frozen.

    Parameters
    ----------
    case
        The id of the case.
    reason
        Why; it is kept with the case.
    """
    return _decide(case, "decline", reason, as_json=json)


def _decide(case_id: str, outcome: Literal["approve", "decline"], reason: str, *, as_json: bool) -> int:
    with operator() as client:
        case = client.cases.decide(case_id, outcome=outcome, reason=reason)
    if as_json:
        print_document(case)
    else:
        say(f"{case.id} is {case.status}: customer {case.customer_id}")
    return 0


def _show(found: list[Case]) -> None:
    """Print ids whole, whatever the terminal's width: they are what the other commands take."""
    lines = console()
    for case in found:
        lines.print(f"{case.id}  {case.outcome}, {case.opened_at:%Y-%m-%d %H:%M}, {case.customer_id}", markup=False)
        for match in case.matches:
            lines.print(f"    {match.score:.2f}  {match.name} ({match.source} {match.reference})", markup=False)
