"""The supervisor: PostgreSQL, then what the deployments need, then the deployments; and again after its own death.

``python -m waqiti.operations.cluster.supervision.supervisor STATE``, started by init. What runs is written down at
each change, so that a successor goes on with the same processes. Exits 0 after a stop that was asked for, 78 where
going on is pointless; init restarts it after anything else.
"""

import asyncio
import os
import signal
import sys
import time
from contextlib import ExitStack, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from waqiti.foundation.clock import utc_now
from waqiti.foundation.handover import handing_over
from waqiti.foundation.pausing import until_beat
from waqiti.operations.cluster import logs
from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.postgres.keeper import PostgresKeeper
from waqiti.operations.cluster.releases import CheckedReleases, forget_releases
from waqiti.operations.cluster.supervision.beat import EVERY_SECONDS, beat
from waqiti.operations.cluster.supervision.control import ControlReply, ControlRequest, serve_control
from waqiti.operations.cluster.supervision.deployment import DeploymentKeeper
from waqiti.operations.cluster.supervision.environment import inherited, supervised_by
from waqiti.operations.cluster.supervision.init import FATAL_EXIT
from waqiti.operations.cluster.supervision.memory import MemoryWatch
from waqiti.operations.cluster.supervision.replica import Surroundings
from waqiti.operations.cluster.supervision.saying import say
from waqiti.operations.errors import WRONG_USE, ClusterError
from waqiti.operations.state.files import write_document
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, all_pids, boot_id, descends_from, environment_of
from waqiti.operations.state.record import (
    FatalEnd,
    InitRecord,
    Plan,
    Record,
    read_fatal_end,
    read_init,
    read_plan,
    read_record,
    recorded_replicas,
)
from waqiti.operations.switches.present import is_published
from waqiti.operations.switches.publishing import publish

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_GROUP_SECONDS: Final = 45.0
_LOOK_SECONDS: Final = 0.05
_CHORES_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 40.0
_REASON_CHARACTERS: Final = 2000


class Supervisor:
    """One supervisor of the cluster in a state directory."""

    def __init__(self, layout: Layout, plan: Plan, init: InitRecord) -> None:
        self._layout = layout
        self._plan = plan
        self._init = init
        self._boot_id = boot_id()
        self._self = ProcessRef.of(os.getpid())
        self._journal = Journal(layout.events)
        self._exits = HandedOnExits(init.exits_descriptor)
        around = Surroundings(
            layout, plan, init, self._exits, self._journal, self._changed, self._finished, CheckedReleases(layout)
        )
        self._deployments = [DeploymentKeeper(around, planned) for planned in plan.deployments]
        self._deployments.sort(key=lambda keeper: keeper.start_order)
        self._postgres = (
            PostgresKeeper(layout, plan.postgres, self._exits, self._journal, self._changed) if plan.postgres else None
        )
        self._watch = MemoryWatch(layout, self._deployments, self._journal)
        self._former: Record | None = None
        self._ready = False
        self._prepared = plan.prepare is None
        self._failure: str | None = None
        self._broken: BaseException | None = None
        self._unsaved = False
        self._adopting = False
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Supervise until told to stop; return the exit status for init."""
        beat(self._layout, saved=True)
        self._listen_to_signals()
        self._exits.start()
        self._journal.append(JournalEntry(at=utc_now(), kind="supervisor", pid=self._self.pid))
        self._adopt()
        self._tidy()
        control = await serve_control(self._layout, self._handle)
        self._ready = True
        self._changed()
        with suppress(OSError):
            self._layout.fatal_end.unlink(missing_ok=True)
        work = (self._bring_up(), self._chores(), self._beat(), self._watch.run())
        tasks = [asyncio.create_task(one) for one in work]
        if self._postgres is not None:
            tasks.append(asyncio.create_task(self._keep_postgres(self._postgres)))
        for task in tasks:
            task.add_done_callback(self._finished)
        await self._stop.wait()
        control.close()
        if self._broken is not None:
            # Our successor goes on with everything that runs.
            raise self._broken
        await self._bring_down(tasks)
        return 0 if self._failure is None else FATAL_EXIT

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._stop.set)
        # Init starts us with these blocked; one that has come meanwhile is delivered now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_SIGNALS, signal.SIGCHLD})

    def _adopt(self) -> None:
        former = read_record(self._layout)
        if former is None:
            self._end_strays(set())
            for keeper in self._deployments:
                keeper.start_anew()
            return
        self._adopting = True
        self._former = former
        self._prepared = self._prepared or former.prepared
        if self._postgres is not None and former.postgres is not None:
            self._postgres.adopt(former.postgres, served=former.prepared)
        self._end_strays({ref.pid for ref in recorded_replicas(former)})
        records = {record.name: record for record in former.deployments}
        for keeper in self._deployments:
            if keeper.name in records:
                keeper.adopt(records[keeper.name])
            else:
                keeper.start_anew()
        self._adopting = False

    def _tidy(self) -> None:
        """Forget releases that no remembered revision runs."""
        try:
            forget_releases(self._layout, set().union(*(keeper.releases for keeper in self._deployments)))
        except OSError as error:
            say(f"old releases stay: {error}")

    def _end_strays(self, known: set[int]) -> None:
        for pid in all_pids():
            if pid not in known:
                self._end_stray(pid, known)

    def _end_stray(self, pid: int, known: set[int]) -> None:
        """End a replica that our predecessor started and had no time to write down; what replicas start is theirs."""
        if supervised_by(environment_of(pid), self._layout.root) and not descends_from(pid, known):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _keep_postgres(self, postgres: PostgresKeeper) -> None:
        try:
            await postgres.run()
        except (ClusterError, OSError) as error:
            self._fail(str(error))

    async def _bring_up(self) -> None:
        if not self._prepared:
            if self._postgres is not None:
                await self._postgres.placed.wait()
            await self._prepare()
        groups = groupby(self._deployments, key=lambda keeper: keeper.start_order)
        running = []
        for _, keepers in groups:
            group = list(keepers)
            running += [asyncio.create_task(keeper.run()) for keeper in group]
            if not self._former_ran():
                await self._until_ready(group)
        await asyncio.gather(*running)

    def _former_ran(self) -> bool:
        return self._former is not None and self._former.prepared

    async def _until_ready(self, group: list[DeploymentKeeper]) -> None:
        """The next group starts all the same when this one takes too long: it does not need it in order to start."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GROUP_SECONDS):
                while not all(keeper.ready or keeper.looping for keeper in group):
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _prepare(self) -> None:
        assert self._plan.prepare is not None
        process = await asyncio.create_subprocess_exec(
            *self._plan.prepare,
            str(self._layout.root),
            env=inherited(),
            cwd=self._layout.root,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        if process.returncode != 0:
            reason = errors.decode(errors="replace").strip()[-_REASON_CHARACTERS:]
            self._fail(reason or f"preparation ended with {process.returncode}")
            await self._stop.wait()
        self._prepared = True
        self._changed()

    async def _chores(self) -> None:
        while True:
            await asyncio.sleep(until_beat(_CHORES_SECONDS, time.monotonic()))
            with suppress(OSError):
                logs.bound(self._layout.logs)
            await self._mend_switches()
            for keeper in self._deployments:
                keeper.mend()
            if self._unsaved or read_record(self._layout) is None:
                self._changed()

    async def _beat(self) -> None:
        while True:
            beat(self._layout, saved=not self._unsaved)
            await asyncio.sleep(until_beat(EVERY_SECONDS, time.monotonic()))

    async def _mend_switches(self) -> None:
        """Publish them again where the file is gone or damaged: no process starts without it."""
        if is_published(self._layout):
            return
        try:
            await asyncio.to_thread(publish, self._layout)
            say(f"{self._layout.switches} was gone or damaged, and is published again")
        except (ClusterError, OSError) as error:
            say(f"{self._layout.switches} cannot be published: {error}")

    async def _bring_down(self, tasks: list[asyncio.Task[None]]) -> None:
        """Last started, first stopped; PostgreSQL after everything that uses it."""
        self._ready = False
        bringing_up, *_ = tasks
        bringing_up.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                for _, keepers in groupby(reversed(self._deployments), key=lambda keeper: keeper.start_order):
                    await asyncio.gather(*(keeper.stop() for keeper in keepers))
        for ref in recorded_replicas(self._record()):
            ref.send(signal.SIGKILL)
        if self._postgres is not None:
            await self._postgres.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._changed()

    async def _handle(self, request: ControlRequest) -> ControlReply:
        for keeper in self._deployments:
            if keeper.name == request.name:
                return await _answered(keeper, request)
        names = ", ".join(keeper.name for keeper in self._deployments)
        return ControlReply(error=f"No deployment is called {request.name}; there are {names}", exit_code=WRONG_USE)

    def _fail(self, reason: str) -> None:
        if self._failure is None:
            self._failure = reason
            say(reason)
        self._stop.set()

    def _finished(self, work: "asyncio.Future[Any]") -> None:
        """Work that never ends by itself has: better to start anew than to go on without it."""
        if not work.cancelled() and (error := work.exception()) is not None:
            self._broken = error
            self._stop.set()

    def _changed(self) -> None:
        for keeper in self._deployments:
            keeper.look()
        if self._adopting:
            return
        try:
            write_document(self._layout.record, self._record(), durable=False)  # of this boot only
            self._unsaved = False
        except OSError as error:
            if not self._unsaved:
                say(f"{self._layout.record} cannot be written: {error}")
            self._unsaved = True

    def _record(self) -> Record:
        return Record(
            boot_id=self._boot_id,
            init=self._init.ref,
            supervisor=self._self,
            ready=self._ready,
            prepared=self._prepared,
            failure=self._failure,
            postgres=self._postgres.record() if self._postgres else None,
            deployments=tuple(keeper.record() for keeper in self._deployments),
        )


async def _answered(keeper: DeploymentKeeper, request: ControlRequest) -> ControlReply:
    try:
        return await keeper.change(request)
    except ClusterError as error:
        return ControlReply(error=str(error), exit_code=error.exit_code)
    except OSError as error:
        return ControlReply(error=f"The change cannot be written down ({error}): free space, then try again")


async def _supervise(layout: Layout) -> int:
    plan, init = read_plan(layout), read_init(layout)
    assert plan is not None
    assert init is not None
    with ExitStack() as stack:
        try:
            stack.enter_context(handing_over(layout.handover("supervisor"), init.descriptors))
        except OSError as error:
            # The disk may be full: replicas hold these sockets too.
            say(f"listening sockets cannot be handed over: {error}")
        return await Supervisor(layout, plan, init).run()


def main(state: str) -> int:
    """Supervise the cluster in ``state``."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text("waqiti-superv")
    try:
        return asyncio.run(_supervise(Layout(Path(state))))
    except ClusterError as error:
        say(str(error))
        _note_fatal_end(Layout(Path(state)), str(error))
        return FATAL_EXIT


def _note_fatal_end(layout: Layout, why: str) -> None:
    """Write down why for whoever would start us again, so that they do so ever less often."""
    former = read_fatal_end(layout)
    times = former.times + 1 if former is not None else 1
    end = FatalEnd(boot_id=boot_id(), at_seconds=time.monotonic(), times=times, why=why)
    with suppress(OSError):
        write_document(layout.fatal_end, end, durable=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
