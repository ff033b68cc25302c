"""Keeps the embedded server running, or watches one that is not ours."""

import asyncio
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from waqiti.foundation.clock import utc_now
from waqiti.foundation.pausing import until_beat
from waqiti.operations.cluster.children.child import Child
from waqiti.operations.cluster.children.exits import HandedOnExits
from waqiti.operations.cluster.children.probes import look_at_postgres
from waqiti.operations.cluster.children.starting import Credential
from waqiti.operations.cluster.logs import tail
from waqiti.operations.cluster.postgres import server as postgres_server
from waqiti.operations.cluster.postgres.access import PostgresAdmin
from waqiti.operations.cluster.postgres.place import Place, binaries, find_place, server_credential
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import read_document, write_document
from waqiti.operations.state.journal import Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef, working_in
from waqiti.operations.state.record import PlannedPostgres, PostgresRecord

_DEFAULT_PORT: Final = 5432
_STARTING_SECONDS: Final = 0.1
_READY_SECONDS: Final = 2.0
_PUT_OFF_SECONDS: Final = 1.0
_SILENT_SECONDS: Final = 30.0
"""As long as a replica may show no sign of life."""
_RETRY_SECONDS: Final = 0.2
_FIRST_START_SECONDS: Final = 20.0
_ORPHAN_PATIENCE_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 15.0
_SHOWN_LINES: Final = 5


def embedded_admin(password: str, port: int) -> PostgresAdmin:
    """Return the administrator of the embedded server."""
    host, user = postgres_server.HOST, postgres_server.SUPERUSER
    url = f"postgresql://{user}:{password}@{host}:{port}/postgres"
    return PostgresAdmin(user=user, password=password, host=host, port=port, url=url)


def outside_admin(url: str) -> PostgresAdmin:
    """Return the administrator that a URL names."""
    parts = urlsplit(url)
    return PostgresAdmin(
        user=parts.username or "",
        password=parts.password or "",
        host=parts.hostname or postgres_server.HOST,
        port=parts.port or _DEFAULT_PORT,
        url=url,
    )


class PostgresKeeper:
    """One server; ``changed`` is called whenever ``record()`` says something new.

    ``placed`` is set once the administrator's address is written down.
    """

    def __init__(
        self,
        layout: Layout,
        planned: PlannedPostgres,
        exits: HandedOnExits,
        journal: Journal,
        changed: Callable[[], None],
    ) -> None:
        self._layout = layout
        self._planned = planned
        self._exits = exits
        self._journal = journal
        self._changed = changed
        self._child: Child | None = None
        self._adopted: ProcessRef | None = None
        self._host = postgres_server.HOST
        self._port: int | None = None
        self._ready = False
        self._was_ready = False
        self._stopping = False
        self.placed = asyncio.Event()

    def adopt(self, former: PostgresRecord, *, served: bool) -> None:
        """Go on with the server of a supervisor that was killed; ``served`` says that it has been ready before."""
        self._adopted, self._port, self._ready = former.ref, former.port, former.ready
        self._was_ready = former.ready or served

    def record(self) -> PostgresRecord:
        """Return what is known of it."""
        ref = self._child.ref if self._child else self._adopted
        return PostgresRecord(ref=ref, port=self._port, ready=self._ready)

    async def run(self) -> None:
        """Keep it running until it is stopped.

        Raises:
            ClusterError: it cannot be made, or does not start at all.
        """
        if self._planned.url is not None:
            await self._watch_outside(outside_admin(self._planned.url))
            return
        credential = server_credential()
        place, programs = await asyncio.to_thread(self._prepare, credential)
        self.placed.set()
        began = time.monotonic()
        while not self._stopping:
            try:
                self._child = self._take_adopted() or self._start(place, programs, credential)
            except OSError as error:
                await self._put_off(error)
                continue
            self._changed()
            await self._watch(self._child)
            if not self._stopping:
                self._give_up_a_first_start(began)
                await self._wait_for_orphans(place)

    async def stop(self) -> None:
        """Stop it in good order; one that is not ours goes on."""
        self._stopping = True
        child = self._child or self._take_adopted()
        if child is not None:
            await child.stop(signal.SIGINT, _STOP_SECONDS)
        self._note(ready=False)

    def _prepare(self, credential: Credential | None) -> tuple[Place, Path]:
        place = find_place(self._layout, credential)
        programs = binaries(place, credential)
        former = read_document(self._layout.postgres_admin, PostgresAdmin)
        if former is None and place.data.exists():
            raise ClusterError(
                f"{self._layout.postgres_admin} is gone, and with it the way into {place.data}: restore it, or "
                "start anew with waqiti down --wipe"
            )
        password = former.password if former else secrets.token_urlsafe(24)
        if self._port is None:
            self._port = postgres_server.free_port(former.port if former else None)
        admin = embedded_admin(password, self._port)
        if admin != former:
            write_document(self._layout.postgres_admin, admin)
        postgres_server.initialise(place, programs, credential, password, fsync=self._planned.fsync)
        return place, programs

    def _start(self, place: Place, programs: Path, credential: Credential | None) -> Child:
        return postgres_server.start(
            place,
            programs,
            credential,
            port=self._port or 0,
            fsync=self._planned.fsync,
            log=self._layout.log("postgres"),
            exits=self._exits,
        )

    async def _put_off(self, error: OSError) -> None:
        """A server that has been ready is started again as soon as the machine lets it."""
        if not self._was_ready:
            raise error
        self._journal.append(JournalEntry(at=utc_now(), kind="failed", deployment="postgres", detail=str(error)))
        await asyncio.sleep(_PUT_OFF_SECONDS)

    def _take_adopted(self) -> Child | None:
        ref, self._adopted = self._adopted, None
        return Child(ref, None, self._exits) if ref is not None and ref.alive else None

    async def _watch(self, child: Child) -> None:
        ended = asyncio.create_task(child.wait())
        answered_at = time.monotonic()
        while not ended.done():
            seen = await look_at_postgres(self._host, self._port or 0)
            self._note(ready=seen.ready and not ended.done())
            if seen.answered:
                answered_at = time.monotonic()
            elif self._was_ready and time.monotonic() - answered_at > _SILENT_SECONDS:
                child.ref.send(signal.SIGKILL)  # one that recovers refuses; one that says nothing stands still
            pause = until_beat(_READY_SECONDS, time.monotonic()) if seen.ready else _STARTING_SECONDS
            await asyncio.wait({ended}, timeout=pause)
        code = ended.result()
        self._child = None
        self._note(ready=False)
        self._write_exit(child.ref.pid, code)

    async def _watch_outside(self, admin: PostgresAdmin) -> None:
        self._host, self._port = admin.host, admin.port
        write_document(self._layout.postgres_admin, admin)
        self.placed.set()
        while not self._stopping:
            seen = await look_at_postgres(self._host, self._port)
            self._note(ready=seen.ready)
            await asyncio.sleep(_READY_SECONDS if seen.ready else _RETRY_SECONDS)

    def _note(self, *, ready: bool) -> None:
        self._was_ready = self._was_ready or ready
        if ready != self._ready:
            self._ready = ready
            self._changed()

    def _give_up_a_first_start(self, began: float) -> None:
        if self._was_ready or time.monotonic() - began < _FIRST_START_SECONDS:
            return
        log = self._layout.log("postgres")
        raise ClusterError(f"PostgreSQL does not start; {log} ends with:\n" + "\n".join(tail(log, _SHOWN_LINES)))

    async def _wait_for_orphans(self, place: Place) -> None:
        """A killed server's processes keep its shared memory; those that linger are told to leave, then made to."""
        began = time.monotonic()
        await asyncio.sleep(0 if self._was_ready else _RETRY_SECONDS)
        while orphans := working_in(place.data):
            waited = time.monotonic() - began
            if waited > _ORPHAN_PATIENCE_SECONDS:
                number = signal.SIGKILL if waited > 2 * _ORPHAN_PATIENCE_SECONDS else signal.SIGQUIT
                for orphan in orphans:
                    orphan.send(number)
            await asyncio.sleep(_RETRY_SECONDS / 4)

    def _write_exit(self, pid: int, code: int | None) -> None:
        lines = [] if self._stopping else tail(self._layout.log("postgres"), _SHOWN_LINES)
        number = -code if code is not None and code < 0 else None
        exit_code = code if code is not None and code >= 0 else None
        self._journal.append(
            JournalEntry(
                at=utc_now(), kind="exit", deployment="postgres", pid=pid, code=exit_code, signal=number, lines=lines
            )
        )
