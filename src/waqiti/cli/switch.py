"""``waqiti switch``: settings that change on every replica within a second, without a restart."""

from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.state import known_state
from waqiti.cli.switch_lines import switch_lines
from waqiti.contracts.switches import DB_POOL_MAX_SIZE, DB_POOL_MIN_IDLE, FRAUD_THRESHOLD, MANUAL_REVIEW_THRESHOLD
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.postgres.budget import notes_on_budget
from waqiti.operations.errors import FAILED
from waqiti.operations.store.actor import actor
from waqiti.operations.switches import wanted
from waqiti.operations.switches.bands import notes_on_bands, notes_on_pools
from waqiti.operations.switches.changing import ChangedSwitch, SwitchChange, change
from waqiti.operations.switches.confirming import PATIENCE_SECONDS
from waqiti.operations.switches.listing import list_switches
from waqiti.operations.switches.values import value_text

_THRESHOLDS: Final = (FRAUD_THRESHOLD, MANUAL_REVIEW_THRESHOLD)
_POOLS: Final = (DB_POOL_MAX_SIZE, DB_POOL_MIN_IDLE)


def show(*, json: Json = False) -> int:
    """List every switch: its value, where that comes from, who set it, why, until when, and which replicas follow."""
    found = list_switches(known_state())
    if json:
        print_document(found)
        return 0
    out = console()
    out.print(f"[bold]revision {found.revision}[/]\n")
    for line in switch_lines(found.switches):
        out.print(line.text, style=line.style, markup=False)
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
    asked = SwitchChange(
        name=switch.name,
        value=wanted.value_of(switch, value),
        services=wanted.deployments_of(switch, service),
        actor=actor(),
        reason=wanted.reason_of(reason),
        expires_at=None if period is None else utc_now() + wanted.period_of(period),
    )
    return _report(asked, _change(asked), as_json=json)


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
    asked = SwitchChange(name=switch.name, value=None, services=services, actor=actor(), reason=reason)
    return _report(asked, _change(asked), as_json=json)


def _change(asked: SwitchChange) -> ChangedSwitch:
    layout = known_state()
    done = change(layout, asked)
    if asked.name in _THRESHOLDS:
        return _noted(done, notes_on_bands(list_switches(layout)))
    if asked.name in _POOLS:
        notes = notes_on_pools(list_switches(layout), asked.services)
        return _noted(done, (*notes, *notes_on_budget(layout, asked.services)))
    return done


def _noted(done: ChangedSwitch, notes: tuple[str, ...]) -> ChangedSwitch:
    return msgspec.structs.replace(done, notes=(*done.notes, *notes))


def _report(asked: SwitchChange, done: ChangedSwitch, *, as_json: bool) -> int:
    for note in done.notes:
        say(note)
    if as_json:
        print_document(done)
    else:
        width = max((len(replica.name) for replica in done.replicas), default=0)
        for replica in done.replicas:
            console().print(f"{replica.name:<{width}}  {replica.applied_ms:>6.1f} ms", markup=False)
        say(f"{_put_in_words(asked)}, revision {done.revision}: {_followers(done)}")
    if done.unreached:
        late = f"Not reached within {PATIENCE_SECONDS:g} s: {', '.join(done.unreached)}"
        say(f"{late}. One that hangs follows as soon as it goes on: waqiti switch list shows who does")
        return FAILED
    return 0


def _put_in_words(asked: SwitchChange) -> str:
    if asked.value is None:
        return f"{asked.name} is unset"
    until = "" if asked.expires_at is None else f" until {asked.expires_at:%Y-%m-%d %H:%M:%S}Z"
    return f"{asked.name} is {value_text(asked.value)}{until}"


def _followers(done: ChangedSwitch) -> str:
    count = len(done.replicas)
    if count == 0 and not done.unreached:
        return "nothing runs; it is in force from the start of waqiti up"
    return f"{count} replica follows" if count == 1 else f"{count} replicas follow"
