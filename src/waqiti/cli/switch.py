"""``waqiti switch``: settings that change on every replica within a second, without a restart."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from cyclopts import Parameter

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.state import known_state
from waqiti.contracts.switches import FRAUD_THRESHOLD, MANUAL_REVIEW_THRESHOLD
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.errors import FAILED
from waqiti.operations.store.actor import actor
from waqiti.operations.switches import wanted
from waqiti.operations.switches.bands import notes_on_bands
from waqiti.operations.switches.changing import Change, Changed, change
from waqiti.operations.switches.confirming import PATIENCE_SECONDS
from waqiti.operations.switches.listing import SwitchRow, list_switches

if TYPE_CHECKING:
    from rich.table import Table

_THRESHOLDS: Final = (FRAUD_THRESHOLD, MANUAL_REVIEW_THRESHOLD)
_WIDEST: Final = 1000
_FEW: Final = 2


def show(*, json: Json = False) -> int:
    """List every switch: its value, where that comes from, who set it, why, until when, and which replicas follow."""
    found = list_switches(known_state())
    if json:
        print_document(found)
        return 0
    out, table = console(), _table(found.switches)
    out.print(f"[bold]revision {found.revision}[/]\n")
    out.width = max(out.width, out.measure(table, options=out.options.update(width=_WIDEST)).maximum)
    out.print(table)
    return 0


def put(
    name: str,
    value: str,
    /,
    *,
    service: str | None = None,
    period: Annotated[str | None, Parameter(name="--for")] = None,
    reason: str,
    json: Json = False,
) -> int:
    """Set a switch on every replica, and return when all of them follow; exit 1 where one does not.

    Parameters
    ----------
    name
        The switch, such as READ_ONLY_MODE.
    value
        Its value, such as true or 0.85.
    service
        Only this deployment; otherwise every one that has the switch.
    period
        How long it holds, such as 30m or 2h; otherwise until it is unset.
    reason
        Why, for the audit and for whoever looks.
    """
    switch = wanted.switch_called(name)
    done = _change(
        Change(
            name=switch.name,
            value=wanted.value_of(switch, value),
            services=wanted.deployments_of(switch, service),
            actor=actor(),
            reason=wanted.reason_of(reason),
            expires_at=None if period is None else utc_now() + wanted.period_of(period),
        )
    )
    return _report(done, as_json=json)


def unset(name: str, /, *, service: str | None = None, reason: str, json: Json = False) -> int:
    """Let go of a switch: what the environment says, or the default, is in force again.

    Parameters
    ----------
    name
        The switch.
    service
        Only this deployment; otherwise every one that has the switch.
    reason
        Why, for the audit.
    """
    switch = wanted.switch_called(name)
    services = wanted.deployments_of(switch, service)
    reason = wanted.reason_of(reason)
    done = _change(Change(name=switch.name, value=None, services=services, actor=actor(), reason=reason))
    return _report(done, as_json=json)


def _change(asked: Change) -> Changed:
    layout = known_state()
    done = change(layout, asked)
    if asked.name in _THRESHOLDS:
        done = msgspec.structs.replace(done, notes=notes_on_bands(list_switches(layout)))
    return done


def _report(done: Changed, *, as_json: bool) -> int:
    for note in done.notes:
        say(note)
    if as_json:
        print_document(done)
    else:
        for replica in done.replicas:
            console().print(f"{replica.name}  {replica.applied_ms:g} ms", markup=False)
        say(f"Revision {done.revision}: {len(done.replicas)} replicas follow")
    if done.unreached:
        say(f"Not reached within {PATIENCE_SECONDS:g} s: {', '.join(done.unreached)}")
        return FAILED
    return 0


def _table(rows: tuple[SwitchRow, ...]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("switch", "value", "from", "deployments", "by", "why", "until", "replicas"):
        table.add_column(title, no_wrap=True)
    groups: dict[tuple[str, ...], list[SwitchRow]] = {}
    for row in rows:
        groups.setdefault(_alike(row), []).append(row)
    for alike, group in groups.items():
        name, value, source, owner, reason, until = alike
        cells = (name, value, source, _deployments(group, rows), owner, reason, until, _replicas(group))
        table.add_row(*map(Text, cells))
    return table


def _alike(row: SwitchRow) -> tuple[str, ...]:
    value = msgspec.json.encode(row.value).decode().strip('"')
    return (row.name, value, row.source, row.owner or "", row.reason or "", _until(row.expires_at))


def _until(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"


def _deployments(group: list[SwitchRow], rows: tuple[SwitchRow, ...]) -> str:
    have = sum(row.name == group[0].name for row in rows)
    if len(group) == have > _FEW:
        return f"all {have}"
    return ", ".join(row.service for row in group)


def _replicas(group: list[SwitchRow]) -> str:
    reached = [name for row in group for name in row.replicas]
    unreached = [name for row in group for name in row.unreached]
    text = ", ".join(reached) if len(reached) <= _FEW else f"{len(reached)} of {len(reached) + len(unreached)}"
    return f"{text}; not {', '.join(unreached)}" if unreached else text or "-"
