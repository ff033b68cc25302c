"""From what was typed to what is wanted: names, values, deployments, periods."""

import re
from datetime import timedelta
from typing import Final

from waqiti.contracts.switches import SWITCHES, Switch, find_switch
from waqiti.foundation.switches.file import Value
from waqiti.operations.errors import WRONG_USE, ClusterError
from waqiti.operations.switches.values import value_in

LONGEST: Final = timedelta(days=30)

_FOR: Final = "--for"
_WORDS: Final = {"on": "true", "off": "false", "yes": "true", "no": "false"}
_PERIOD: Final = re.compile(r"([1-9][0-9]*)([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MOST_DIGITS: Final = 9


def switch_called(name: str) -> Switch:
    """Return a switch, whose name may be typed in small letters and with dashes.

    Raises:
        ClusterError: there is none of that name.
    """
    switch = find_switch(name.upper().replace("-", "_"))
    if switch is None:
        known = ", ".join(row.name for row in SWITCHES)
        raise ClusterError(f"No switch is called {name}; there are {known}", WRONG_USE)
    return switch


def deployments_of(switch: Switch, service: str | None) -> tuple[str, ...]:
    """Return the deployments for which a switch is meant: all that have it unless one is named.

    Raises:
        ClusterError: that one does not have it, or it is for the whole platform.
    """
    if service is None:
        return switch.deployments
    if service not in switch.deployments:
        has = ", ".join(switch.deployments)
        raise ClusterError(f"{service} does not have the switch {switch.name}; it is for {has}", WRONG_USE)
    if switch.platform:
        raise ClusterError(f"{switch.name} is for the whole platform: leave --service out", WRONG_USE)
    return (service,)


def value_of(switch: Switch, text: str) -> Value:
    """Return the value that was typed: as a process reads it, or a boolean as ``on``, ``off``, ``yes`` or ``no``.

    Raises:
        ClusterError: the switch does not take it.
    """
    word = text.strip()
    if switch.kind is bool:
        word = _WORDS.get(word.lower(), word.lower())
    value = value_in(switch, word)
    if value is None:
        raise ClusterError(f"{switch.name} is {switch.values}, and not {text!r}", WRONG_USE)
    return value


def period_of(text: str, option: str = _FOR, *, longest: timedelta = LONGEST) -> timedelta:
    """Read the period that ``option`` was given, such as ``90s``, ``30m``, ``2h`` or ``1d``.

    Raises:
        ClusterError: it is none, or over ``longest``.
    """
    found = _PERIOD.fullmatch(text.strip())
    if found is None:
        raise ClusterError(f"{option} wants a period such as 90s, 30m, 2h or 1d, and not {text!r}", WRONG_USE)
    seconds = int(found[1]) * _SECONDS[found[2]] if len(found[1]) <= _MOST_DIGITS else None
    if seconds is None or seconds > longest.total_seconds():
        otherwise = ": leave it out for what is to stay" if option == _FOR else ""
        raise ClusterError(f"{option} is at most {longest.days} days{otherwise}", WRONG_USE)
    return timedelta(seconds=seconds)


def reason_of(text: str) -> str:
    """Return a reason that says something.

    Raises:
        ClusterError: it is empty.
    """
    if not text.strip():
        raise ClusterError("--reason must say why", WRONG_USE)
    return text.strip()
