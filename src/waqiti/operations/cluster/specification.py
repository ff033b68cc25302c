"""What a deployment shall be: its revisions, the one in force, how many replicas, and the changes that led there.

``<state>/cluster/deployments/<name>.json``, which the supervisor alone writes. What is here is arithmetic: each change
is a new specification made of the one before.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal, get_args

import msgspec
from msgspec.structs import replace

from waqiti.operations.cluster.hiding import assignment
from waqiti.operations.cluster.revisions import KEPT, Resources, Revision, RevisionKind
from waqiti.operations.cluster.sizes import size_text
from waqiti.operations.errors import REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.files import read_document
from waqiti.operations.state.layout import Layout

ChangeKind = Literal["release", "environment", "resources", "scale", "restart", "undo"]
ChangeEnd = Literal["complete", "given_up", "overtaken"]
ChangeState = Literal["running", ChangeEnd]

KEPT_CHANGES: Final = 20
_MOST_ENVIRONMENT_BYTES: Final = 65_536
_ROLLING: Final[frozenset[ChangeKind]] = frozenset(get_args(ChangeKind)) - {"scale"}
# What a change makes pointless where it still runs; a restart makes no revision pointless.
_OVERTAKEN: Final[dict[ChangeKind, frozenset[ChangeKind]]] = {
    "scale": frozenset({"scale"}),
    "restart": frozenset({"restart"}),
}
_WORDS: Final[dict[ChangeKind, str]] = {
    "scale": "another scale",
    "restart": "another restart",
    "release": "a deploy",
    "environment": "a set",
    "resources": "a set",
    "undo": "an undo",
}
_DIGEST_CHARACTERS: Final = 64
_HEXADECIMAL: Final = frozenset("0123456789abcdef")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a change, when and why. ``id`` is the request's own: one that comes twice is one change."""

    id: str
    actor: str
    reason: str = ""
    at: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change; ``why`` says what ended it short of its aim, and ``lines`` are the end of the log about that.

    ``revision`` is the one that it brought into force; ``before`` and ``after`` are for whoever reads.
    """

    number: int
    kind: ChangeKind
    asked: Asked
    revision: int
    before: str
    after: str
    state: ChangeState = "running"
    why: str = ""
    lines: tuple[str, ...] = ()


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What every replica was when nothing was under way: to be gone back to where a change is given up."""

    revision: int
    epoch: int
    desired: int


class Specification(msgspec.Struct, frozen=True, kw_only=True):
    """What one deployment shall be. A restart raises ``epoch``; ``revision`` is the number of the one in force.

    ``given_up`` is the revision whose rollout was given up, where nothing was tried since; else 0. ``lost`` says what
    is not known since its file was damaged, until the next change.
    """

    name: str
    revision: int
    epoch: int
    desired: int
    settled: Settled
    given_up: int = 0
    lost: str = ""
    revisions: tuple[Revision, ...]
    changes: tuple[Change, ...] = ()

    @property
    def in_force(self) -> Revision:
        """The revision that new replicas are of."""
        return self.numbered(self.revision)

    def numbered(self, number: int) -> Revision:
        """Return a revision.

        Raises:
            ClusterError: it is not remembered.
        """
        for one in self.revisions:
            if one.number == number:
                return one
        known = ", ".join(str(one.number) for one in self.revisions)
        raise ClusterError(f"{self.name} has no revision {number}; there are {known}", WRONG_USE)

    def memory_limit_bytes(self, number: int) -> int:
        """Return what a replica of a revision may use; of one that is not remembered, what the one in force may."""
        known = {one.number: one for one in self.revisions}
        return known.get(number, self.in_force).resources.memory_bytes

    def change(self, number: int) -> Change | None:
        """Return a change; None where it is not remembered."""
        return next((one for one in self.changes if one.number == number), None)

    def asked_as(self, request: str) -> Change | None:
        """Return the change that a request made, if it did."""
        return next((one for one in self.changes if one.asked.id == request), None)

    @property
    def running(self) -> tuple[Change, ...]:
        """The changes that are under way."""
        return tuple(one for one in self.changes if one.state == "running")

    @property
    def rolling(self) -> tuple[Change, ...]:
        """Those of them that replace replicas."""
        return tuple(one for one in self.running if one.kind in _ROLLING)


def read_specification(layout: Layout, name: str) -> Specification | None:
    """Return what a deployment shall be; None where it never ran.

    Raises:
        ClusterError: the file is damaged; a supervisor that runs mends it.
    """
    path = layout.specification(name)
    try:
        return read_document(path, Specification)
    except ClusterError as error:
        again = "is damaged: a running supervisor writes it again within seconds; try again then"
        raise ClusterError(f"{path} {again}", REFUSED) from error


def first(name: str, release: str, at: datetime) -> Specification:
    """Return a deployment that starts for the first time."""
    revision = Revision(number=1, parent=0, kind="start", release=release, made_at=at, actor="waqiti up")
    settled = Settled(revision=1, epoch=1, desired=1)
    return Specification(name=name, revision=1, epoch=1, desired=1, settled=settled, revisions=(revision,))


def made_anew(
    name: str, release: str, at: datetime, lost: str, *, revision: int = 1, epoch: int = 1, desired: int = 1
) -> Specification:
    """Return a deployment as far as it can be seen by what runs."""
    seen = Revision(
        number=revision, parent=0, kind="start", release=release, made_at=at, actor="waqiti-supervisor", reason=lost
    )
    settled = Settled(revision=revision, epoch=epoch, desired=desired)
    return Specification(
        name=name, revision=revision, epoch=epoch, desired=desired, settled=settled, lost=lost, revisions=(seen,)
    )


def remembering(spec: Specification, former: Specification, in_use: Collection[int]) -> Specification:
    """Keep those revisions of the specification before that replicas still run, however many came since."""
    known = {one.number for one in spec.revisions}
    kept = [one for one in former.revisions if one.number in in_use and one.number not in known]
    if not kept:
        return spec
    return replace(spec, revisions=tuple(sorted((*kept, *spec.revisions), key=lambda one: one.number)))


def started(spec: Specification, release: str, at: datetime) -> Specification:
    """Return it as it starts with no replica left: what was under way is over, and what is installed now counts.

    ``release`` is the installed version; a revision that runs a directory stays in force.
    """
    stopped = "the platform was stopped meanwhile"
    spec = abandoned(spec, stopped, ()) if spec.rolling else spec
    spec = scale_abandoned(spec, stopped, ()) if spec.running else spec
    if spec.in_force.release == release or is_directory(spec.in_force.release):
        return spec
    asked = Asked(id="", actor="waqiti up", at=at)
    spec = _with_revision(spec, "start", asked, release=release)
    return replace(spec, settled=replace(spec.settled, revision=spec.revision))


def is_directory(release: str) -> bool:
    """Say whether a release is the sha256 of a directory, and not an installed version."""
    return len(release) == _DIGEST_CHARACTERS and set(release) <= _HEXADECIMAL


def scaled(spec: Specification, desired: int, asked: Asked) -> Specification:
    """Have as many replicas; the same specification where it has them."""
    if desired == spec.desired:
        return spec
    before, after = str(spec.desired), str(desired)
    return _changed(replace(spec, desired=desired), "scale", asked, before, after)


def restarted(spec: Specification, asked: Asked) -> Specification:
    """Have every replica replaced by one of the same revision."""
    return _changed(replace(spec, epoch=spec.epoch + 1), "restart", asked, "", "")


def released(spec: Specification, release: str, asked: Asked) -> Specification:
    """Run another release; the same specification where it is in force."""
    before = spec.in_force.release
    if release == before:
        return spec
    spec = _with_revision(spec, "release", asked, release=release)
    return _changed(spec, "release", asked, before, release)


def configured(
    spec: Specification, changes: dict[str, str | None], resources: Resources | None, asked: Asked
) -> Specification:
    """Set variables, remove those that are None, set limits; the same specification where that changes nothing.

    Raises:
        ClusterError: all that is set would be more than a process is given.
    """
    before = spec.in_force
    merged = {**before.environment, **changes}
    environment = {name: value for name, value in sorted(merged.items()) if value is not None}
    resources = resources or before.resources
    if (environment, resources) == (before.environment, before.resources):
        return spec
    if sum(len(name) + len(value.encode()) for name, value in environment.items()) > _MOST_ENVIRONMENT_BYTES:
        raise ClusterError(
            f"All that is set for {spec.name} would exceed {_MOST_ENVIRONMENT_BYTES} bytes: remove what is not needed "
            f"first (waqiti cluster set {spec.name} NAME-)",
            REFUSED,
        )
    kind: Literal["environment", "resources"] = "environment" if environment != before.environment else "resources"
    spec = _with_revision(spec, kind, asked, environment=environment, resources=resources)
    return _changed(spec, kind, asked, *difference(before, spec.in_force))


def undone(spec: Specification, to: int | None, asked: Asked) -> Specification:
    """Go back to the revision before, or to one by its number; the same specification where that serves already.

    Where the newest attempt was given up, what was before it is in force, and one step back is none.

    Raises:
        ClusterError: there is no such revision.
    """
    if to is None and spec.given_up:
        return spec
    target = _parent(spec) if to is None else spec.numbered(to)
    left = spec.in_force
    if target.number == left.number:
        return spec
    spec = _put(spec, replace(left, rolled_back_at=asked.at))
    spec = _in_force(spec, target.number)
    return _changed(spec, "undo", asked, _named(left), _named(target))


def abandoned(spec: Specification, why: str, lines: tuple[str, ...]) -> Specification:
    """Give up replacing replicas: what served before the change is in force again."""
    failed = spec.in_force
    if failed.number != spec.settled.revision:
        spec = _put(spec, replace(failed, given_up=why))
        spec = replace(_in_force(spec, spec.settled.revision), given_up=failed.number)
    spec = replace(spec, epoch=spec.settled.epoch)
    return _end(spec, {one.number for one in spec.rolling}, "given_up", why, lines)


def scale_abandoned(spec: Specification, why: str, lines: tuple[str, ...]) -> Specification:
    """Give up having more replicas: as many as before are wanted again."""
    spec = replace(spec, desired=spec.settled.desired)
    return _end(spec, {one.number for one in spec.running if one.kind == "scale"}, "given_up", why, lines)


def completed(spec: Specification) -> Specification:
    """Take note that every replica is as it shall be, and ready."""
    settled = Settled(revision=spec.revision, epoch=spec.epoch, desired=spec.desired)
    return _end(replace(spec, settled=settled), {one.number for one in spec.running}, "complete")


def proved(spec: Specification, at: datetime) -> Specification:
    """Take note that the revision in force is good."""
    return _put(spec, replace(spec.in_force, good_at=at))


def difference(before: Revision, after: Revision) -> tuple[str, str]:
    """Say in what the environment and limits of two revisions differ: ``NAME=VALUE`` each, secrets hidden."""
    return _differing(before, after), _differing(after, before)


def _differing(one: Revision, other: Revision) -> str:
    said = [
        assignment(name, value)
        for name, value in sorted(one.environment.items())
        if other.environment.get(name) != value
    ]
    if one.resources != other.resources:
        said.append(f"memory limit {size_text(one.resources.memory_bytes)}")
    return " ".join(said)


def _named(revision: Revision) -> str:
    return f"revision {revision.number} ({revision.release})"


def _parent(spec: Specification) -> Revision:
    number = spec.in_force.parent
    if number == 0:
        raise ClusterError(f"{spec.name} has no revision before {spec.revision}: there is nothing to undo", REFUSED)
    if all(one.number != number for one in spec.revisions):
        raise ClusterError(
            f"Revision {number} of {spec.name} is no longer remembered: choose one of waqiti cluster revisions "
            f"{spec.name} with --to",
            REFUSED,
        )
    return spec.numbered(number)


def _with_revision(
    spec: Specification,
    kind: RevisionKind,
    asked: Asked,
    *,
    release: str | None = None,
    environment: dict[str, str] | None = None,
    resources: Resources | None = None,
) -> Specification:
    base = spec.in_force
    revision = Revision(
        number=max(one.number for one in spec.revisions) + 1,
        parent=base.number,
        kind=kind,
        release=base.release if release is None else release,
        environment=base.environment if environment is None else environment,
        resources=resources or base.resources,
        made_at=asked.at,
        actor=asked.actor,
        reason=asked.reason,
    )
    return _in_force(_remember(spec, revision), revision.number)


def _remember(spec: Specification, revision: Revision) -> Specification:
    pinned = {spec.revision, spec.settled.revision}
    newest = {one.number for one in spec.revisions[-(KEPT - len(pinned) - 1) :]}
    kept = tuple(one for one in spec.revisions if one.number in pinned | newest)
    return replace(spec, revisions=(*kept, revision))


def _in_force(spec: Specification, number: int) -> Specification:
    # What is chosen again has been neither left nor given up.
    spec = _put(spec, replace(spec.numbered(number), rolled_back_at=None, given_up=None))
    return replace(spec, revision=number, given_up=0)


def _put(spec: Specification, revision: Revision) -> Specification:
    return replace(spec, revisions=tuple(revision if one.number == revision.number else one for one in spec.revisions))


def _changed(spec: Specification, kind: ChangeKind, asked: Asked, before: str, after: str) -> Specification:
    number = spec.changes[-1].number + 1 if spec.changes else 1
    overtaken = {one.number for one in spec.running if one.kind in _OVERTAKEN.get(kind, _ROLLING)}
    spec = _end(replace(spec, lost=""), overtaken, "overtaken", f"{_WORDS[kind]} by {asked.actor} came meanwhile")
    change = Change(number=number, kind=kind, asked=asked, revision=spec.revision, before=before, after=after)
    ended = tuple(one for one in spec.changes if one.state != "running")
    kept = {one.number for one in (*ended[-KEPT_CHANGES:], *spec.running)}
    return replace(spec, changes=(*(one for one in spec.changes if one.number in kept), change))


def _end(
    spec: Specification, numbers: set[int], state: ChangeState, why: str = "", lines: tuple[str, ...] = ()
) -> Specification:
    return replace(
        spec,
        changes=tuple(
            replace(one, state=state, why=why, lines=lines) if one.number in numbers else one for one in spec.changes
        ),
    )
