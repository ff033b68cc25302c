"""Builds services and serves them: ``waqiti serve`` in production, all in one event loop in integration tests."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import uvloop

from waqiti.foundation import settings as setting
from waqiti.foundation.actuator import Health
from waqiti.foundation.actuator.routes import Actuator
from waqiti.foundation.handover import handing_over
from waqiti.foundation.runtime.context import Context, read_keys, read_tokens, read_verifier
from waqiti.foundation.runtime.heartbeat import Heartbeat
from waqiti.foundation.runtime.isolation import Isolation
from waqiti.foundation.runtime.listener import SILENCE_SECONDS, Listener, bound_socket, inherited_sockets
from waqiti.foundation.runtime.service import Application, Role, Service
from waqiti.foundation.runtime.tasks import BackgroundTask, run_all
from waqiti.foundation.security import Authenticator
from waqiti.foundation.settings import Settings
from waqiti.foundation.switches.levels import LevelFollower
from waqiti.foundation.switches.reader import Switches
from waqiti.foundation.telemetry import configure_logs, logger
from waqiti.foundation.telemetry.metrics import forget_dead_processes

AnyService = Service[Any]
_COLLECT_AFTER: Final = (20_000, 20, 50)
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_log = logger(__name__)


def run(services: Sequence[AnyService], role: Role | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return. Settings come from this process's environment.

    Raises:
        SettingsError: a setting is unknown, missing or wrong.
    """
    uvloop.run(_run(services, role))


@asynccontextmanager
async def serve_in_background(
    services: Sequence[AnyService],
    environments: Mapping[str, Mapping[str, str]],
    *,
    role: Role | None = None,
    silence_seconds: float = 0.0,
) -> AsyncIterator[dict[str, str]]:
    """Serve in the running event loop, each service on a free port; give their base URLs by name.

    ``environments`` holds each service's variables by its name; the addresses of the others are added.
    """
    sockets = {service.name: [bound_socket()] for service in services}
    addresses = {name: f"http://127.0.0.1:{bound[0].getsockname()[1]}" for name, bound in sockets.items()}
    known = {setting.variable_name(name): address for name, address in addresses.items()}
    async with AsyncExitStack() as stack:
        for (bound,) in sockets.values():
            stack.callback(bound.close)
        for service in services:
            environment = {**known, **environments.get(service.name, {})}
            served = _Served(service, environment, role, sockets[service.name], silence_seconds)
            await stack.enter_async_context(served.serving())
        yield addresses


async def _run(services: Sequence[AnyService], role: Role | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    forget_dead_processes()
    async with AsyncExitStack() as stack:
        for service in services:
            settings = setting.load(service.settings, os.environ)
            configure_logs(settings.log_level, service.name, settings.replica)
            sockets = _sockets(settings, role)
            _hand_over(service.name, settings, sockets, stack)
            served = _Served(service, os.environ, role, sockets, SILENCE_SECONDS)
            await stack.enter_async_context(served.serving())
        _settle_memory()
        _log.info("serving", services=[service.name for service in services], role=role, pid=os.getpid())
        await stop.wait()
        _log.info("draining")
    _log.info("stopped")


def _settle_memory() -> None:
    """Look rarely for cycles: what was built at start never goes, and requests leave next to none.

    The collector's walks over all objects showed in profiles of payments, spread over whatever ran at that moment.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _sockets(settings: Settings, role: Role | None) -> list[socket.socket]:
    if role == "worker":
        return []
    return inherited_sockets(settings.listen_fds) if settings.listen_fds else [bound_socket(settings.port)]


def _hand_over(name: str, settings: Settings, sockets: Sequence[socket.socket], stack: AsyncExitStack) -> None:
    """Hand over the inherited sockets until this process ends; the last one is this replica's own."""
    if not settings.handover_socket or not sockets:
        return
    *inherited, _own = (one.fileno() for one in sockets)
    try:
        stack.enter_context(handing_over(Path(settings.handover_socket), {name: inherited}))
    except OSError as error:
        # The disk may be full: others hold these sockets too.
        _log.warning("handover_failed", reason=str(error))


class _Served:
    """One service while it runs."""

    def __init__(
        self,
        service: AnyService,
        environment: Mapping[str, str],
        role: Role | None,
        sockets: Sequence[socket.socket],
        silence_seconds: float,
    ) -> None:
        self._service = service
        self._settings: Settings = setting.load(service.settings, environment)
        self._switches = Switches(service.name, self._settings, environment)
        self._role = role
        self._sockets = sockets
        self._silence_seconds = silence_seconds
        self._draining = asyncio.Event()
        self._isolation = Isolation()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Build, serve, and on leaving drain in order: requests and workers first, then what they stood on."""
        async with AsyncExitStack() as closing:
            self._start_switches(closing)
            context = self._context(closing)
            self._start_heartbeat(closing)
            application = await closing.enter_async_context(self._service.build(context))
            if self._switches.is_followed:
                # What was published meanwhile: whoever published it did not wait for a process that starts.
                self._switches.look()
            listener = Listener(application.asgi, self._sockets)
            stop = asyncio.Event()
            workers = asyncio.create_task(run_all(self._workers(application), self._draining, self._isolation))
            api_tasks = asyncio.create_task(run_all(self._api_tasks(application), stop))
            listener.start()
            try:
                yield
            finally:
                self._draining.set()
                await asyncio.gather(listener.drain(self._silence_seconds), workers)
                stop.set()
                await api_tasks

    def _context(self, closing: AsyncExitStack) -> Context[Settings]:
        health = Health(self._draining)
        keys, verifier = read_keys(self._settings), read_verifier(self._settings)
        actuator = Actuator(self._service.name, self._switches, health)
        if self._switches.is_followed:
            health.add("switches", self._switches.summary, critical=False)

        async def refresh_keys() -> None:
            keys.refresh()

        actuator.on_refresh("keys", refresh_keys)
        return Context(
            name=self._service.name,
            settings=self._settings,
            switches=self._switches,
            role=self._role,
            draining=self._draining,
            health=health,
            actuator=actuator,
            keys=keys,
            tokens=read_tokens(self._service.name, self._settings),
            authenticator=Authenticator(keys, verifier),
            isolation=self._isolation,
            closing=closing,
        )

    def _workers(self, application: Application) -> Sequence[BackgroundTask]:
        return () if self._role == "api" else application.workers

    def _api_tasks(self, application: Application) -> Sequence[BackgroundTask]:
        return () if self._role == "worker" else application.api_tasks

    def _start_switches(self, closing: AsyncExitStack) -> None:
        """Have the switches in force before anything is built, and so before the service is ready."""
        self._switches.start()
        closing.callback(self._switches.stop)
        self._switches.follow(LevelFollower(self._settings.log_level))
        self._switches.follow(self._isolation.apply)

    def _start_heartbeat(self, closing: AsyncExitStack) -> None:
        if self._settings.heartbeat_file:
            heartbeat = Heartbeat(Path(self._settings.heartbeat_file))
            heartbeat.start()
            closing.callback(heartbeat.stop)
