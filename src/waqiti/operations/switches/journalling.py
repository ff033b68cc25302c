"""Switches in the journal: what each deployment followed before and after, who changed it and why."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from waqiti.contracts import prefixes
from waqiti.contracts.switches import find_switch
from waqiti.foundation.ids import derived_id, encode, first_id
from waqiti.foundation.switches.file import LiveSwitch, SwitchFile, Value
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.present import live_in, published, started
from waqiti.operations.switches.values import value_text

KIND: Final = "switch"
EXPIRY: Final = "expiry"
"""Who unsets what has expired."""
OVER: Final = "Its time was over."


class SwitchJournal:
    """One change of a switch; made before it is, for what was followed before is read from what is published."""

    def __init__(self, layout: Layout, name: str, services: Collection[str]) -> None:
        self._layout = layout
        self._name = name
        self._services = tuple(services)
        self._started = _started(layout, name, services)
        self._live = {service: live_in(published(layout), name, service) for service in services}

    def write(self, value: Value | None, revision: int, at: datetime, *, actor: str, reason: str) -> None:
        """Write an entry for each deployment, all of one id; None unsets."""
        journal = Journal(self._layout.events)
        for service in self._services:
            live, started = self._live[service], self._started.get(service)
            journal.append(
                _entry(
                    at=at,
                    change=_change_id(at, self._name, revision),
                    actor=actor,
                    service=service,
                    before=_setting(self._name, started if live is None else live.value),
                    after=_setting(self._name, started if value is None else value),
                    reason=reason,
                )
            )


def entries_of(document: SwitchFile) -> list[JournalEntry]:
    """Return what the journal says of all that is switched, for where a killed command or a full disk left it out."""
    return [
        _entry(
            at=live.set_at,
            change=_change_id(live.set_at, live.name, live.revision),
            actor=live.owner,
            service=live.service,
            before="",
            after=_setting(live.name, live.value),
            reason=live.reason,
        )
        for live in document.switches
    ]


def write_expired(layout: Layout, expired: Collection[LiveSwitch]) -> None:
    """Write an entry for each switch whose time was over; the same switch has the same id, however often it is."""
    journal = Journal(layout.events)
    for entry in expiries(layout, expired):
        journal.append(entry)


def expiries(layout: Layout, expired: Collection[LiveSwitch]) -> list[JournalEntry]:
    """Return what the journal says of switches that have expired: replicas let go of them by themselves, in time."""
    return [_expiry(layout, switch, switch.expires_at) for switch in expired if switch.expires_at is not None]


def _expiry(layout: Layout, switch: LiveSwitch, at: datetime) -> JournalEntry:
    return _entry(
        at=at,
        change=_change_id(at, switch.name, switch.revision),
        actor=EXPIRY,
        service=switch.service,
        before=_setting(switch.name, switch.value),
        after=_setting(switch.name, _started(layout, switch.name, (switch.service,)).get(switch.service)),
        reason=OVER,
    )


def _entry(
    *, at: datetime, change: str, actor: str, service: str, before: str, after: str, reason: str
) -> JournalEntry:
    return JournalEntry(
        at=at, kind=KIND, id=change, actor=actor, deployment=service, before=before, after=after, reason=reason
    )


def _change_id(at: datetime, name: str, revision: int) -> str:
    """Return the one id of a change, whoever writes it down."""
    return encode(prefixes.CHANGE, derived_id(first_id(at), f"{name} {revision}"))


def _started(layout: Layout, name: str, services: Collection[str]) -> dict[str, Value]:
    """Return what is followed where nothing is live; nothing where the record of what runs cannot be read."""
    switch = find_switch(name)
    if switch is None:
        return {}
    try:
        return started(layout, switch, services)
    except ClusterError:
        return {}


def _setting(name: str, value: Value | None) -> str:
    """Write a switch and its value, as far as that is known."""
    if value is None:
        return ""
    return f"{name}={value_text(value)}"
