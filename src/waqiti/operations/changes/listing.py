"""All changes since an instant, newest first; what cannot be read is said, and the rest is listed."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, get_args

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.catalog import ML, deployment
from waqiti.foundation.clock import utc_now
from waqiti.foundation.ids import derived_id, encode, first_id
from waqiti.operations.changes.journal import entries_since
from waqiti.operations.cluster.postgres.access import operations_url
from waqiti.operations.cluster.specification import ChangeEnd, ChangeKind
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.journal import JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.journalling import entries_of, expiries
from waqiti.operations.switches.present import published

if TYPE_CHECKING:
    from waqiti.operations.facts.models import ModelInForce

Kind = Literal[ChangeKind, "switch", "model"]

_JOURNALLED: Final = frozenset(get_args(Kind)) - {"model"}
_MODELS: Final = "models_in_force"
_JOURNAL: Final = "journal"
_OUTCOMES: Final = frozenset(get_args(ChangeEnd))
_CHANGES: Final = "changes"
_MOST: Final = 1_000


class ListedChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one deployment: by ``actor``, from one state to another; what is not known is empty.

    Changes of several deployments that were made as one have one ``id``. ``outcome`` is None while a change of replicas
    is under way, where its end is not known, and for what needs none; ``why`` says what ended it short of its aim.
    """

    kind: Kind
    id: str
    at: datetime
    actor: str
    service: str
    before: str = msgspec.field(name="from")
    after: str = msgspec.field(name="to")
    reason: str
    outcome: ChangeEnd | None = None
    why: str = ""


class Unread(msgspec.Struct, frozen=True):
    """What could not be read or is left out, where, and why."""

    fact: str
    source: str
    error: str


class Changes(msgspec.Struct, frozen=True):
    """What was changed since an instant, newest first, as far as it can be read."""

    since: datetime
    changes: list[ListedChange]
    unreadable: list[Unread]


async def changes_since(layout: Layout, since: datetime, service: str | None = None) -> Changes:
    """Return what was changed, of one deployment or of all; no service is asked, and none is needed.

    There are at most 1,000 changes, and as many models; what is older is said to be left out.
    """
    unreadable: list[Unread] = []
    # A journal of 16 MiB takes a while: in a thread, it holds up nobody.
    journalled = await asyncio.to_thread(_journalled, layout, since, service, unreadable)
    models = await _models(layout, since, unreadable) if service in (None, ML) else []
    return Changes(since, _newest_first([*journalled, *models]), unreadable)


def _newest_first(rows: list[ListedChange]) -> list[ListedChange]:
    return sorted(rows, key=lambda one: (one.at, one.id, one.service), reverse=True)


def _bounded(rows: list[ListedChange], fact: str, source: str, unreadable: list[Unread]) -> list[ListedChange]:
    """Return the newest; where there are more, say since when the rest is."""
    kept = _newest_first(rows)[:_MOST]
    if len(rows) > _MOST:
        since = f"{kept[-1].at:%Y-%m-%d %H:%M:%S}Z"
        unreadable.append(Unread(fact, source, f"only the newest {_MOST:,} are listed, since {since}"))
    return kept


def _journalled(layout: Layout, since: datetime, service: str | None, unreadable: list[Unread]) -> list[ListedChange]:
    entries: list[JournalEntry] = []
    try:
        journalled = entries_since(layout, since)
    except OSError as error:
        unreadable.append(Unread(_JOURNAL, layout.events.name, error.strerror or type(error).__name__))
    else:
        entries = journalled.entries
        if journalled.unreadable_lines:
            unreadable.append(Unread(_JOURNAL, layout.events.name, f"{journalled.unreadable_lines} lines are damaged"))
    # What was switched is published too: that stands where a line of the journal is missing.
    switched, now = published(layout), utc_now()
    expired = [live for live in switched.switches if live.expires_at is not None and live.expires_at <= now]
    told = [*entries, *expiries(layout, expired), *entries_of(switched)]
    found = _once([entry for entry in told if service in (None, entry.deployment)], since)
    return _bounded(found, _CHANGES, layout.events.name, unreadable)


def _once(entries: Iterable[JournalEntry], since: datetime) -> list[ListedChange]:
    """Return the changes among entries, each once: the first that is told of one is kept."""
    found: dict[tuple[str, str, str], ListedChange] = {}
    # Newest first: a change has ended when its entry comes.
    ends: dict[tuple[str, str], JournalEntry] = {}
    for entry in entries:
        if entry.kind in _OUTCOMES and entry.id:
            ends.setdefault((entry.id, entry.deployment), entry)
        if entry.kind in _JOURNALLED and entry.id and entry.at >= since:
            end = ends.get((entry.id, entry.deployment))
            # A switch of one id is one name: an entry that was not lost has what was before.
            found.setdefault((entry.id, entry.deployment, entry.kind), _change(entry, end))
    return list(found.values())


def _change(entry: JournalEntry, end: JournalEntry | None) -> ListedChange:
    return ListedChange(
        kind=msgspec.convert(entry.kind, Kind),
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        service=entry.deployment,
        before=entry.before,
        after=entry.after,
        reason=entry.reason or entry.detail,
        outcome=msgspec.convert(end.kind, ChangeEnd) if end is not None else None,
        why=end.detail if end is not None else "",
    )


async def _models(layout: Layout, since: datetime, unreadable: list[Unread]) -> list[ListedChange]:
    # Imported here: who serves other requests never loads the driver.
    from waqiti.operations.facts.models import models_since
    from waqiti.operations.facts.reading import Source, Unreadable, read_fact

    database = deployment(ML).database
    assert database is not None
    try:
        url = operations_url(layout, database)
    except ClusterError as error:
        unreadable.append(Unread(_MODELS, ML, str(error)))
        return []
    if url is None:
        unreadable.append(Unread(_MODELS, ML, "no database was prepared here yet"))
        return []
    read = await read_fact(_MODELS, Source(ML, url), lambda connection: models_since(connection, since, _MOST + 1))
    if isinstance(read, Unreadable):
        unreadable.append(Unread(read.fact, read.source, read.error))
        return []
    return _bounded([_promoted(one) for one in read], _MODELS, ML, unreadable)


def _promoted(one: "ModelInForce") -> ListedChange:
    """The model is fraud-service's to score with, and ml-service's to bring into force: the latter changed it."""
    return ListedChange(
        kind="model",
        id=encode(prefixes.CHANGE, derived_id(first_id(one.since), f"{one.model} {one.revision}")),
        at=one.since,
        actor=one.by,
        service=ML,
        before=one.former or "",
        after=one.version,
        reason=one.reason,
    )
