"""Memory limits without control groups: near its limit a replica is a finding, nearer it is replaced, at it killed."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec

from waqiti.foundation.clock import utc_now
from waqiti.foundation.pausing import until_beat
from waqiti.operations.cluster.supervision.deployment import DeploymentKeeper
from waqiti.operations.cluster.supervision.replica import Replica
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import read_document, write_document
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import boot_id
from waqiti.operations.state.record import MEMORY_FINDING_PERCENT

FORGOTTEN_PERCENT: Final = 75
REPLACED_PERCENT: Final = 90
KILLED_PERCENT: Final = 100
LOOK_SECONDS: Final = 0.5
BETWEEN_REPLACEMENTS_SECONDS: Final = 300.0
SUCCESSOR_SECONDS: Final = 90.0
_MEBIBYTE: Final = 1024**2


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the processes of a replica use together, and may; ``replaceable`` where its deployment is at rest.

    ``held_back`` where its deployment is cut off: it is a finding, and stays as it is.
    """

    replica: str
    deployment: str
    used_bytes: int
    limit_bytes: int
    replaceable: bool = False
    held_back: bool = False

    def reaches(self, percent: int) -> bool:
        """Say whether it uses so much of its limit."""
        return self.used_bytes * 100 >= self.limit_bytes * percent

    def __str__(self) -> str:
        percent = self.used_bytes * 100 // self.limit_bytes
        return f"{self.used_bytes // _MEBIBYTE:,} of {self.limit_bytes // _MEBIBYTE:,} MB, {percent} %"


class Remembered(msgspec.Struct, frozen=True):
    """What was said and done before: replicas that are findings, and when a replica of a deployment was replaced.

    Times are those of the monotonic clock, which all processes share until the machine is started again.
    """

    found: frozenset[str] = frozenset()
    replaced_at: dict[str, float] = {}


class _Kept(msgspec.Struct, frozen=True):
    boot_id: str
    remembered: Remembered


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to do: new findings, whom to replace, whom to kill; and what to remember."""

    findings: tuple[Reading, ...] = ()
    replace: Reading | None = None
    kill: tuple[Reading, ...] = ()
    remember: Remembered = Remembered()


def judge(readings: Sequence[Reading], before: Remembered, at_seconds: float, *, replacing: bool) -> Verdict:
    """Decide about all replicas, at a time of the monotonic clock; ``replacing`` where one is being replaced already.

    A finding is one until its replica is below 75 %. One replica is replaced at a time, and one in five minutes of a
    deployment: what grows faster than that is not mended by replacing it.
    """
    found = {one.replica for one in readings if _stands_out(one, before)}
    kill = tuple(one for one in readings if one.reaches(KILLED_PERCENT) and not one.held_back)
    replace = None if replacing else _fullest(readings, before, at_seconds)
    replaced_at = before.replaced_at | ({replace.deployment: at_seconds} if replace is not None else {})
    return Verdict(
        findings=tuple(one for one in readings if one.replica in found - before.found),
        replace=replace,
        kill=kill,
        remember=Remembered(frozenset(found), replaced_at),
    )


def _stands_out(reading: Reading, before: Remembered) -> bool:
    return reading.reaches(FORGOTTEN_PERCENT if reading.replica in before.found else MEMORY_FINDING_PERCENT)


def _fullest(readings: Sequence[Reading], before: Remembered, at_seconds: float) -> Reading | None:
    due = [
        one
        for one in readings
        if one.replaceable
        and one.reaches(REPLACED_PERCENT)
        and not one.reaches(KILLED_PERCENT)
        and at_seconds - before.replaced_at.get(one.deployment, float("-inf")) >= BETWEEN_REPLACEMENTS_SECONDS
    ]
    return max(due, key=lambda one: one.used_bytes / one.limit_bytes, default=None)


class MemoryWatch:
    """Looks at every replica twice a second, and does what ``judge`` says; its successor remembers what it did."""

    def __init__(self, layout: Layout, deployments: Sequence[DeploymentKeeper], journal: Journal) -> None:
        self._layout = layout
        self._deployments = deployments
        self._journal = journal
        self._remembered = self._recall()
        self._replacing_since: float | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(until_beat(LOOK_SECONDS, time.monotonic()))
            self.look(time.monotonic())

    def look(self, at_seconds: float) -> None:
        """Look once, at a time of the monotonic clock."""
        replicas = {replica.name: (keeper, replica) for keeper in self._deployments for replica in keeper.replicas}
        replacing = self._still_replacing(at_seconds)
        readings = [_read(keeper, replica) for keeper, replica in replicas.values()]
        verdict = judge(readings, self._remembered, at_seconds, replacing=replacing)
        for reading in verdict.findings:
            self._write("memory_finding", reading)
        self._remember(verdict.remember)
        for reading in verdict.kill:
            replicas[reading.replica][1].kill_largest("OOMKilled")
        if verdict.replace is not None:
            keeper, replica = replicas[verdict.replace.replica]
            self._write("memory_replacement", verdict.replace)
            keeper.replace(replica)
            self._replacing_since = at_seconds

    def _recall(self) -> Remembered:
        # A file that cannot be read costs a finding that is said twice.
        with suppress(ClusterError, OSError):
            kept = read_document(self._layout.memory, _Kept)
            if kept is not None and kept.boot_id == boot_id():
                return kept.remembered
        return Remembered()

    def _remember(self, remembered: Remembered) -> None:
        if remembered == self._remembered:
            return
        self._remembered = remembered
        # On a full disk only this process knows.
        with suppress(OSError):
            write_document(self._layout.memory, _Kept(boot_id(), remembered), durable=False)

    def _still_replacing(self, at_seconds: float) -> bool:
        """Say whether a replica is being replaced; one whose successor is not ready in time stays."""
        outgrown = [(keeper, one) for keeper in self._deployments for one in keeper.replicas if one.outgrown]
        if not outgrown:
            self._replacing_since = None
            return False
        self._replacing_since = self._replacing_since or at_seconds
        if at_seconds - self._replacing_since > SUCCESSOR_SECONDS:
            for keeper, replica in outgrown:
                if not replica.draining:
                    keeper.retain(replica)
        return True

    def _write(self, kind: str, reading: Reading) -> None:
        entry = JournalEntry(
            at=utc_now(), kind=kind, deployment=reading.deployment, replica=reading.replica, detail=str(reading)
        )
        self._journal.append(entry)


def _read(keeper: DeploymentKeeper, replica: Replica) -> Reading:
    reading = Reading(
        replica=replica.name,
        deployment=keeper.name,
        used_bytes=replica.memory_bytes,
        limit_bytes=replica.memory_limit_bytes,
    )
    if not reading.reaches(REPLACED_PERCENT):
        return reading
    return msgspec.structs.replace(reading, replaceable=keeper.replaceable(replica), held_back=keeper.is_held_back)
