"""Keeps one deployment as it is specified: so many replicas, each of the revision in force and of its last restart."""

import asyncio
import time
from typing import Final

from msgspec.structs import replace

from waqiti.foundation.clock import utc_now
from waqiti.foundation.pausing import rest_until_beat
from waqiti.operations.cluster.logs import tail
from waqiti.operations.cluster.revisions import Revision
from waqiti.operations.cluster.specification import (
    Change,
    Specification,
    abandoned,
    completed,
    first,
    proved,
    remembering,
    scale_abandoned,
    started,
)
from waqiti.operations.cluster.supervision.changes import apply, check_release_after
from waqiti.operations.cluster.supervision.control import ControlReply, ControlRequest, is_late, too_late
from waqiti.operations.cluster.supervision.mending import is_readable, known_specification, mend
from waqiti.operations.cluster.supervision.replica import Replica, Surroundings
from waqiti.operations.state.files import write_document
from waqiti.operations.state.journal import JournalEntry
from waqiti.operations.state.record import DeploymentRecord, PlannedDeployment
from waqiti.operations.switches.isolation import is_held_back, is_isolated

ROLLOUT_SECONDS: Final = 60.0
GOOD_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 2.0
_SHOWN_LINES: Final = 15


class DeploymentKeeper:
    """One deployment. Replicas that no longer fit are replaced: surge 1, unavailable 0."""

    def __init__(self, around: Surroundings, planned: PlannedDeployment) -> None:
        self.name = planned.name
        self.start_order = planned.start_order
        self._around = around
        self._planned = planned
        known = known_specification(around.layout, around.journal, planned.name, around.plan.release)
        self._is_new = known is None
        self._spec = known or first(planned.name, around.plan.release, utc_now())
        self._replicas: list[Replica] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._begun_at = time.monotonic()
        self._whole_since: float | None = None
        self._stopping = False
        self._woken = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether as many replicas are ready as shall be."""
        return sum(replica.ready and not replica.draining for replica in self._replicas) >= self._spec.desired

    @property
    def looping(self) -> bool:
        """Whether a replica ends again and again."""
        return any(replica.looping for replica in self._replicas)

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Its replicas, those that leave included."""
        return tuple(self._replicas)

    def replaceable(self, replica: Replica) -> bool:
        """Say whether a replica may be replaced now: it serves, nothing is under way, and nobody looks into it."""
        whole = len(self._replicas) == self._spec.desired and all(map(self._fits, self._replicas))
        return whole and not self._leaving and replica.ready and not self._is_isolated

    @property
    def is_held_back(self) -> bool:
        """Whether what runs of it is to stay as it is: it is cut off, or nobody can tell whether it is."""
        return is_held_back(self._around.layout, self.name, self._spec.in_force.environment)

    def replace(self, replica: Replica) -> None:
        """Have a replica drained once another is ready in its place."""
        replica.outgrown = True
        self._around.changed()

    def retain(self, replica: Replica) -> None:
        """Have a replica stay after all, and what should have replaced it leave."""
        replica.outgrown = False
        self._around.changed()

    @property
    def releases(self) -> set[str]:
        """The releases of the revisions that are remembered."""
        return {revision.release for revision in self._spec.revisions}

    def start_anew(self) -> None:
        """Begin where nothing of it runs.

        Raises:
            OSError: what it shall be cannot be written down.
        """
        former = self._spec
        spec = started(former, self._around.plan.release, utc_now())
        if self._is_new or spec is not former:
            self._keep(spec)
            self._write_ends(former)
        if spec.in_force.release != former.in_force.release:
            self._write_installed(former.in_force.release, spec.in_force)

    def adopt(self, former: DeploymentRecord) -> None:
        """Go on with what a killed supervisor left."""
        known = {revision.number: revision for revision in self._spec.revisions}
        for record in former.replicas:
            revision = known.get(record.revision)
            if revision is None:
                self._write_failure(f"Revision {record.revision} is not remembered: {record.name}, of it, leaves")
            # What is not remembered is only drained; whatever stands for it is never started.
            stand_in = revision or replace(self._spec.in_force, number=record.revision)
            replica = Replica(self._around, self._planned, record.number, stand_in, record.epoch)
            replica.adopt(record)
            self._replicas.append(replica)
            if record.draining or revision is None:
                self._let_go(replica)
            replica.begin()

    def record(self) -> DeploymentRecord:
        """Return the replicas that it has."""
        return DeploymentRecord(name=self.name, replicas=tuple(replica.record() for replica in self._replicas))

    async def change(self, request: ControlRequest) -> ControlReply:
        """Begin a change; nothing has changed where that fails.

        Raises:
            ClusterError: it is refused.
            OSError: it cannot be written down.
        """
        former, spec = await self._applied(request)
        if is_late(request):
            return too_late(request)
        spec = remembering(spec, former, {replica.revision.number for replica in self._replicas})
        if spec is former:
            # Asked twice, or there already: whoever asks waits for what is under way to there.
            begun = former.asked_as(request.id) or _towards(former, request)
            return ControlReply(change=begun.number if begun else 0, is_new=former.asked_as(request.id) is not None)
        self._keep(spec)
        self._write_ends(former)
        self._begun_at = time.monotonic()
        begun = spec.changes[-1]
        self._write_change(begun)
        self._around.changed()
        return ControlReply(change=begun.number, is_new=True)

    async def _applied(self, request: ControlRequest) -> tuple[Specification, Specification]:
        """Return what is specified and what is asked for; a release is read in a thread."""
        around = self._around
        while True:
            former = self._spec
            await asyncio.to_thread(check_release_after, around.releases, former, request, around.plan.release)
            # It may have changed meanwhile; whoever asks waits only so long, and then this is cancelled.
            if former is self._spec:
                return former, apply(around.layout, former, request)

    def mend(self) -> None:
        """Write down again what it shall be, where the file is damaged or gone."""
        layout = self._around.layout
        if not is_readable(layout, self.name):
            why = f"{layout.specification(self.name)} was damaged or gone, and is written again: nothing is lost"
            mend(layout, self._around.journal, self._spec, why)

    def look(self) -> None:
        """Look at once whether it still is as it shall be: something of it has changed."""
        self._woken.set()

    async def run(self) -> None:
        """Keep it as it shall be until it is stopped."""
        while not self._stopping:
            try:
                self._reconcile()
                self._take_note()
            except OSError as error:
                self._write_failure(str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            await rest_until_beat(self._woken, _LOOK_SECONDS)
            self._woken.clear()

    async def stop(self) -> None:
        """Drain every replica, and wait until they are gone."""
        self._stopping = True
        for replica in self._replicas:
            if not replica.draining:
                self._let_go(replica)
        await asyncio.gather(*self._leaving)

    @property
    def _is_isolated(self) -> bool:
        return is_isolated(self._around.layout, self.name, self._spec.in_force.environment)

    def _fits(self, replica: Replica) -> bool:
        is_newest = (replica.revision.number, replica.epoch) == (self._spec.revision, self._spec.epoch)
        return is_newest and not replica.outgrown

    @property
    def _serving(self) -> list[Replica]:
        return [replica for replica in self._replicas if not replica.draining]

    def _reconcile(self) -> None:
        for replica in self._serving:
            replica.note_ready()
        old = [replica for replica in self._serving if not self._fits(replica)]
        new = [replica for replica in self._serving if self._fits(replica)]
        unready = [replica for replica in new if not replica.ready]
        desired = self._spec.desired
        # What no longer fits stays until its successor is ready; where nothing is tried, only what is of use.
        stays = any(replica.ready or self._spec.running for replica in old)
        surge = 1 if desired and unready and stays else 0
        if surplus := max(len(old) + len(new) - desired - surge, 0):
            for replica in sorted(self._serving, key=self._stays)[:surplus]:
                self._let_go(replica)
        elif self._give_up_in_time(unready):
            return
        elif not old:
            for _ in range(desired - len(new)):
                self._add()
        elif not self._leaving and not unready:
            self._add()

    def _stays(self, replica: Replica) -> tuple[bool, bool, int]:
        """Order them: first to go is one that does not fit, then one that is not ready, then the highest number."""
        return self._fits(replica), replica.ready, -replica.number

    def _add(self) -> None:
        taken = {replica.number for replica in self._replicas}
        number = next(number for number in range(1, len(taken) + 2) if number not in taken)
        replica = Replica(self._around, self._planned, number, self._spec.in_force, self._spec.epoch)
        replica.begin()
        self._replicas.append(replica)
        self._around.changed()

    def _let_go(self, replica: Replica) -> None:
        async def leave() -> None:
            await replica.drain()
            self._replicas.remove(replica)
            self._around.changed()

        replica.draining = True
        task = asyncio.create_task(leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _give_up_in_time(self, unready: list[Replica]) -> bool:
        """End a change whose new replica ends again and again, or is not ready in time; return whether that was so."""
        if not self._spec.running:
            return False
        since_seconds = time.monotonic() - self._begun_at
        for replica in unready:
            fails = replica.looping and self._is_newer(replica)
            if fails or min(replica.unready_seconds, since_seconds) > ROLLOUT_SECONDS:
                self._give_up(replica)
                return True
        return False

    def _is_newer(self, replica: Replica) -> bool:
        """Say whether a replica that fits began after the change: a count's may be there from before it."""
        return bool(self._spec.rolling) or replica.begun_at > self._begun_at

    def _give_up(self, failed: Replica) -> None:
        why = "ends again and again" if failed.looping else f"was not ready within {ROLLOUT_SECONDS:g} s"
        why = f"{failed.name} {why}"
        shown = tuple(tail(self._around.layout.log(failed.name), _SHOWN_LINES, since_bytes=failed.log_begins_at))
        begun = self._spec.rolling or self._spec.running
        give_up = abandoned if self._spec.rolling else scale_abandoned
        self._keep(give_up(self._spec, why, shown))
        for change in begun:
            self._write_end("given_up", change, why, shown)
        self._around.changed()

    def _take_note(self) -> None:
        """Write down when every replica is as it shall be, and when that has been so for a minute."""
        serving = self._serving
        count_fits = len(serving) == len(self._replicas) == self._spec.desired
        if not count_fits or not all(self._fits(replica) and replica.ready for replica in serving):
            self._whole_since = None
            return
        if self._spec.running:
            ended = self._spec.running
            self._keep(completed(self._spec))
            for change in ended:
                self._write_end("complete", change)
        self._whole_since = self._whole_since or time.monotonic()
        since_seconds = time.monotonic() - self._whole_since
        if serving and since_seconds >= GOOD_SECONDS and self._spec.in_force.good_at is None:
            self._keep(proved(self._spec, utc_now()))

    def _keep(self, spec: Specification) -> None:
        write_document(self._around.layout.specification(self.name), spec)
        if (spec.revision, spec.epoch) != (self._spec.revision, self._spec.epoch):
            self._whole_since = None
        self._spec = spec

    def _id(self, change: Change) -> str:
        makes_revision = change.kind in {"release", "environment", "resources"}
        return f"{self.name}/{change.revision}" if makes_revision else f"{self.name}/change/{change.number}"

    def _write_change(self, change: Change) -> None:
        asked = change.asked
        entry = JournalEntry(
            at=asked.at,
            kind=change.kind,
            id=self._id(change),
            deployment=self.name,
            actor=asked.actor,
            reason=asked.reason,
            before=change.before,
            after=change.after,
        )
        self._around.journal.append(entry)

    def _write_installed(self, before: str, revision: Revision) -> None:
        entry = JournalEntry(
            at=revision.made_at,
            kind="release",
            id=f"{self.name}/{revision.number}",
            deployment=self.name,
            actor=revision.actor,
            before=before,
            after=revision.release,
        )
        self._around.journal.append(entry)

    def _write_ends(self, former: Specification) -> None:
        """Write down which changes another one has ended, or a stop of the platform."""
        running = {change.number for change in former.running}
        for change in self._spec.changes:
            if change.state != "running" and change.number in running:
                self._write_end(change.state, change, change.why)

    def _write_end(self, kind: str, change: Change, why: str = "", lines: tuple[str, ...] = ()) -> None:
        entry = JournalEntry(
            at=utc_now(),
            kind=kind,
            id=self._id(change),
            deployment=self.name,
            after=change.kind,
            detail=why,
            lines=list(lines),
        )
        self._around.journal.append(entry)

    def _write_failure(self, why: str) -> None:
        entry = JournalEntry(at=utc_now(), kind="failed", deployment=self.name, detail=why)
        self._around.journal.append(entry)


def _towards(spec: Specification, request: ControlRequest) -> Change | None:
    """Return the newest change under way of the kind asked for: of the count, or of what the replicas are."""
    under_way = [one for one in spec.running if (one.kind == "scale") == (request.command == "scale")]
    return under_way[-1] if under_way else None
