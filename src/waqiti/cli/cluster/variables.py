"""``KEY=VALUE`` and ``KEY-`` as they are typed: read, and checked against what a deployment knows."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from waqiti.foundation.settings import PREFIX, SettingsError, load
from waqiti.operations.cluster.variables import checked_value
from waqiti.operations.errors import WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.present import live_in, published
from waqiti.operations.switches.values import value_text

_SET: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_REMOVED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)-")


def variables_of(deployment: str, typed: Sequence[str]) -> dict[str, str | None]:
    """Return what is to be set, by name; None for what is to be removed.

    Raises:
        ClusterError: it cannot be read, is nothing that the deployment knows, or the cluster gives it itself.
    """
    found: dict[str, str | None] = {}
    for one in typed:
        name, text = _read(one)
        if name in found:
            raise ClusterError(f"{name} is given twice", WRONG_USE)
        found[name] = _checked(deployment, name, text)
    return found


def notes_on_live(layout: Layout, deployment: str, changes: Mapping[str, str | None]) -> tuple[str, ...]:
    """Say of each switch that was changed whether a live value beats it."""
    document = published(layout)
    return tuple(
        f"{name} is {value_text(one.value)} live, which beats the environment: "
        f"waqiti switch unset {name} --service {deployment} --reason ..."
        for name in changes
        if (one := live_in(document, name, deployment)) is not None
    )


def _read(typed: str) -> tuple[str, str | None]:
    if found := _SET.fullmatch(typed):
        return found[1], found[2]
    if found := _REMOVED.fullmatch(typed):
        return found[1], None
    raise ClusterError(f"{typed!r} is neither KEY=VALUE nor KEY-, which removes KEY", WRONG_USE)


def _checked(deployment: str, name: str, text: str | None) -> str | None:
    checked = checked_value(deployment, name, text)
    if checked is not None and name.startswith(PREFIX):
        _check_setting(deployment, name, checked)
    return checked


def _check_setting(deployment: str, name: str, text: str) -> None:
    # Loading a service takes a moment, and only its own settings need it.
    from waqiti.cli.serve import find_service

    try:
        load(find_service(deployment).settings, {name: text})
    except SettingsError as error:
        raise ClusterError(str(error), WRONG_USE) from error
