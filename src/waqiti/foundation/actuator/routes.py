"""The actuator: health for whoever asks, the rest for operators."""

import logging
import os
import platform
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec

import waqiti
from waqiti.foundation.actuator.health import Health, HealthReport
from waqiti.foundation.actuator.meters import Meter, meter, meter_names
from waqiti.foundation.clock import rfc3339
from waqiti.foundation.errors import Problem
from waqiti.foundation.http.exchange import Incoming, Outgoing, RawRoute
from waqiti.foundation.http.server import decode_body
from waqiti.foundation.masking import masked
from waqiti.foundation.settings import Settings
from waqiti.foundation.switches.reader import Switches, SwitchView
from waqiti.foundation.telemetry.metrics import CONTENT_TYPE, exposition

Action = Callable[[], Awaitable[object]]

_METRICS: Final = "/actuator/metrics/"
_LOGGERS: Final = "/actuator/loggers/"
_ROOT: Final = "ROOT"
_LEVELS: Final = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
_LIVE: Final = HealthReport("UP")
_STARTED: Final = datetime.now(UTC)

_encode = msgspec.json.Encoder().encode


class Level(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The level a logger is to have; None inherits again."""

    configured_level: str | None


class LoggerLevels(msgspec.Struct, frozen=True, rename="camel"):
    """The level that was set on a logger, and the one in force."""

    configured_level: str | None
    effective_level: str


class _Names(msgspec.Struct, frozen=True):
    names: list[str]


class _Info(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    version: str
    replica: str
    release: str
    pid: int
    python: str
    started_at: str
    uptime_seconds: float
    parts: dict[str, object]


class _Env(msgspec.Struct, frozen=True):
    settings: dict[str, object]
    revision: int
    switches: dict[str, SwitchView]


class _Done(msgspec.Struct, frozen=True):
    done: list[str]


_LEVEL: Final = msgspec.json.Decoder(Level)


class Actuator:
    """The diagnostics of one service; it adds what ``/actuator/refresh`` and ``/cache/clear`` have to do."""

    def __init__(self, service: str, switches: Switches[Settings], health: Health) -> None:
        self._service = service
        self._switches = switches
        self._health = health
        self._refresh: dict[str, Action] = {}
        self._caches: dict[str, Action] = {}
        self._parts: dict[str, Callable[[], object]] = {}
        self._started = time.monotonic()

    def describe(self, name: str, part: Callable[[], object]) -> None:
        """Have ``/actuator/info`` show what ``part`` returns, under ``parts``."""
        self._parts[name] = part

    def on_refresh(self, name: str, action: Action) -> None:
        """Have ``action`` run at ``POST /actuator/refresh``."""
        self._refresh[name] = action

    def on_cache_clear(self, name: str, action: Action) -> None:
        """Have ``action`` run at ``DELETE /cache/clear``."""
        self._caches[name] = action

    def routes(self) -> list[RawRoute]:
        """Return the routes."""
        reads = {
            "/actuator/health": self._get_health,
            "/actuator/health/liveness": _get_liveness,
            "/actuator/health/readiness": self._get_health,
            "/actuator/info": self._get_info,
            "/actuator/env": self._get_env,
            "/actuator/prometheus": _get_prometheus,
            "/actuator/metrics": _get_metrics,
            _METRICS + "*": _get_metric,
            "/actuator/loggers": _get_loggers,
            _LOGGERS + "*": _get_logger,
        }
        return [
            *(RawRoute(method="GET", path=path, handler=handler) for path, handler in reads.items()),
            RawRoute(method="POST", path=_LOGGERS + "*", handler=_set_logger),
            RawRoute(method="POST", path="/actuator/refresh", handler=self._post_refresh, strict_json=False),
            RawRoute(method="DELETE", path="/cache/clear", handler=self._clear_caches, strict_json=False),
        ]

    async def _get_health(self, _incoming: Incoming) -> Outgoing:
        report = await self._health.report()
        return Outgoing(200 if report.status == "UP" else 503, _encode(report))

    async def _get_info(self, _incoming: Incoming) -> Outgoing:
        info = _Info(
            service=self._service,
            version=waqiti.__version__,
            replica=self._switches.settings.replica,
            release=self._switches.settings.release,
            pid=os.getpid(),
            python=platform.python_version(),
            started_at=rfc3339(_STARTED),
            uptime_seconds=round(time.monotonic() - self._started, 3),
            parts={name: part() for name, part in self._parts.items()},
        )
        return Outgoing(200, _encode(info))

    async def _get_env(self, _incoming: Incoming) -> Outgoing:
        values = msgspec.to_builtins(self._switches.settings)
        shown = {name: _shown(name, value) for name, value in values.items()}
        return Outgoing(200, _encode(_Env(shown, self._switches.revision, self._switches.views())))

    async def _post_refresh(self, _incoming: Incoming) -> Outgoing:
        return await _run_all(self._refresh)

    async def _clear_caches(self, _incoming: Incoming) -> Outgoing:
        return await _run_all(self._caches)


async def _run_all(actions: dict[str, Action]) -> Outgoing:
    for action in actions.values():
        await action()
    return Outgoing(200, _encode(_Done(list(actions))))


async def _get_liveness(_incoming: Incoming) -> Outgoing:
    return Outgoing(200, _encode(_LIVE))


async def _get_prometheus(_incoming: Incoming) -> Outgoing:
    return Outgoing(200, exposition(), content_type=CONTENT_TYPE.encode())


async def _get_metrics(_incoming: Incoming) -> Outgoing:
    return Outgoing(200, _encode(_Names(meter_names())))


async def _get_metric(incoming: Incoming) -> Outgoing:
    query = parse_qsl(incoming.query_string.decode("latin-1"))
    tags = [tuple(value.partition(":")[::2]) for name, value in query if name == "tag"]
    found: Meter | None = meter(incoming.path.removeprefix(_METRICS), [(name, value) for name, value in tags])
    if found is None:
        raise Problem.not_found("There is no such metric, or none with these tags.")
    return Outgoing(200, _encode(found))


async def _get_loggers(_incoming: Incoming) -> Outgoing:
    names = sorted(name for name, found in logging.root.manager.loggerDict.items() if isinstance(found, logging.Logger))
    levels = {name: _levels(name) for name in [_ROOT, *names]}
    return Outgoing(200, _encode({"levels": _LEVELS, "loggers": levels}))


async def _get_logger(incoming: Incoming) -> Outgoing:
    return Outgoing(200, _encode(_levels(incoming.path.removeprefix(_LOGGERS))))


async def _set_logger(incoming: Incoming) -> Outgoing:
    level = decode_body(_LEVEL, incoming.body).configured_level
    wanted = level.upper() if level is not None else None
    if wanted is not None and wanted not in _LEVELS:
        raise Problem.invalid(f"The level must be one of {', '.join(_LEVELS)}.", pointer="/configuredLevel")
    name = incoming.path.removeprefix(_LOGGERS)
    _logger(name).setLevel(wanted if wanted is not None else logging.NOTSET)
    return Outgoing(200, _encode(_levels(name)))


def _logger(name: str) -> logging.Logger:
    return logging.getLogger() if name == _ROOT else logging.getLogger(name)


def _levels(name: str) -> LoggerLevels:
    found = _logger(name)
    configured = logging.getLevelName(found.level) if found.level else None
    return LoggerLevels(configured, logging.getLevelName(found.getEffectiveLevel()))


def _shown(name: str, value: object) -> object:
    if isinstance(value, dict):
        return {key: _shown(str(key), inner) for key, inner in value.items()}
    return masked(name, value) if isinstance(value, str) and value else value
