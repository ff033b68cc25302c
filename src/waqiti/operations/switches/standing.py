"""Which modes stand in the way of whoever asks for changes as a client does."""

from collections.abc import Collection

from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.switches import READ_ONLY_MODE
from waqiti.operations.switches.listing import SwitchList
from waqiti.operations.switches.modes import MODES


def modes_against(found: SwitchList, needed: Collection[str]) -> list[str]:
    """Return "MODE is on", with the deployments that are in it, for each mode that refuses some change at ``needed``.

    Reviews are all that a client may change at fraud-service: that it is read only is in nobody's way.
    """
    against: dict[str, list[str]] = {}
    for row in found.switches:
        is_in_the_way = (row.name, row.service) != (READ_ONLY_MODE, FRAUD)
        if row.name in MODES and row.value is True and row.service in needed and is_in_the_way:
            against.setdefault(row.name, []).append(row.service)
    return [f"{name} is on ({', '.join(services)})" for name, services in against.items()]
