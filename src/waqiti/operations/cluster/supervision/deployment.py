"""Keeps one deployment at its number of replicas, and replaces them one by one when it is restarted."""

import asyncio
import time
from typing import Final

from waqiti.operations.cluster.journal import JournalEntry, now
from waqiti.operations.cluster.record import DeploymentRecord, PlannedDeployment
from waqiti.operations.cluster.supervision.isolation import is_isolated
from waqiti.operations.cluster.supervision.replica import Replica, Surroundings

ROLLOUT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_RETRY_SECONDS: Final = 2.0


class DeploymentKeeper:
    """One deployment. A restart is a new generation of replicas: surge 1, unavailable 0."""

    def __init__(self, around: Surroundings, planned: PlannedDeployment) -> None:
        self.name = planned.name
        self.start_order = planned.start_order
        self._around = around
        self._planned = planned
        self._desired = 1
        self._generation = 1
        self._rollout_failure: str | None = None
        self._replicas: list[Replica] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._newest_since = 0.0
        self._stopping = False

    @property
    def ready(self) -> bool:
        """Whether as many replicas are ready as shall be."""
        return sum(replica.ready and not replica.draining for replica in self._replicas) >= self._desired

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
        at_rest = not self._leaving and len(self._replicas) == self._desired and all(map(self._fits, self._replicas))
        return at_rest and replica.ready and not is_isolated(self._around.layout, self.name)

    def replace(self, replica: Replica) -> None:
        """Have a replica drained once another is ready in its place."""
        replica.outgrown = True
        self._newest_since = time.monotonic()
        self._around.changed()

    def retain(self, replica: Replica) -> None:
        """Have a replica stay after all, and what should have replaced it leave."""
        replica.outgrown = False
        self._around.changed()

    def adopt(self, former: DeploymentRecord) -> None:
        """Go on with what a killed supervisor left."""
        self._desired, self._generation = former.desired, former.generation
        self._rollout_failure = former.rollout_failure
        for record in former.replicas:
            replica = Replica(self._around, self._planned, record.number, record.generation)
            replica.adopt(record)
            replica.begin()
            self._replicas.append(replica)
            if record.draining:
                self._let_go(replica)
        self._newest_since = time.monotonic()

    def record(self) -> DeploymentRecord:
        """Return what is known of it."""
        return DeploymentRecord(
            name=self.name,
            desired=self._desired,
            generation=self._generation,
            rollout_failure=self._rollout_failure,
            replicas=tuple(replica.record() for replica in self._replicas),
        )

    def restart(self) -> int:
        """Begin to replace every replica; return the generation that the new ones will have."""
        self._generation += 1
        self._rollout_failure = None
        self._newest_since = time.monotonic()
        self._write("restart", f"generation {self._generation}")
        self._around.changed()
        return self._generation

    async def run(self) -> None:
        """Keep it as it shall be until it is stopped."""
        while not self._stopping:
            try:
                self._reconcile()
            except OSError as error:
                self._write("failed", f"a replica cannot be started: {error}")
                await asyncio.sleep(_RETRY_SECONDS)
            await asyncio.sleep(_LOOK_SECONDS)

    async def stop(self) -> None:
        """Drain every replica, and wait until they are gone."""
        self._stopping = True
        for replica in self._replicas:
            if not replica.draining:
                self._let_go(replica)
        await asyncio.gather(*self._leaving)

    def _fits(self, replica: Replica) -> bool:
        return replica.generation == self._generation and not replica.outgrown

    def _reconcile(self) -> None:
        serving = [replica for replica in self._replicas if not replica.draining]
        old = [replica for replica in serving if not self._fits(replica)]
        new = [replica for replica in serving if self._fits(replica)]
        if not old:
            for _ in range(self._desired - len(new)):
                self._add()
        elif self._leaving:
            return
        elif not all(replica.ready for replica in new):
            self._give_up_in_time(old, new)
        elif len(serving) <= self._desired:
            self._add()
        else:
            self._let_go(old[0])

    def _add(self) -> None:
        taken = {replica.number for replica in self._replicas}
        number = next(number for number in range(1, len(taken) + 2) if number not in taken)
        replica = Replica(self._around, self._planned, number, self._generation)
        replica.begin()
        self._replicas.append(replica)
        self._newest_since = time.monotonic()
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

    def _give_up_in_time(self, old: list[Replica], new: list[Replica]) -> None:
        """A new replica that ends again and again, or is not ready in time, leaves; the old ones stay."""
        late = time.monotonic() - self._newest_since > ROLLOUT_SECONDS
        if not late and not any(replica.looping for replica in new):
            return
        why = f"was not ready within {ROLLOUT_SECONDS:g} s" if late else "ends again and again"
        failed = next(replica for replica in new if not replica.ready)
        self._rollout_failure = f"{failed.name} {why}"
        self._generation = old[0].generation
        for replica in old:
            replica.outgrown = False
        self._write("restart_failed", self._rollout_failure)
        self._let_go(failed)

    def _write(self, kind: str, detail: str) -> None:
        self._around.journal.append(JournalEntry(at=now(), kind=kind, deployment=self.name, detail=detail))
