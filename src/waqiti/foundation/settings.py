"""Typed settings, read once from the environment at start.

A setting ``ledger_timeout_seconds`` is the variable ``WAQITI_LEDGER_TIMEOUT_SECONDS``; a switch carries its own name
(``FRAUD_THRESHOLD``) in its annotation: ``Annotated[float, Meta(extra={"variable": "FRAUD_THRESHOLD"})]``. Switches can
be changed while the process runs (``waqiti.foundation.switches``).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

PREFIX: Final = "WAQITI_"
URL_PREFIX: Final = "WAQITI_URL_"
EVENTS_PREFIX: Final = "WAQITI_EVENTS_URL_"

LogLevel = Annotated[str, Meta(pattern="(?i)^(CRITICAL|ERROR|WARNING|INFO|DEBUG)$")]
PoolMaxSize = Annotated[int, Meta(ge=1, le=200)]
PoolMinIdle = Annotated[int, Meta(ge=0, le=200)]


class SettingsError(Exception):
    """A variable is unknown, missing or has a value that cannot be read; the message names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What every process of the platform is told; a service adds its own by inheriting."""

    state: str = ""
    replica: str = ""
    release: str = ""
    base_url: str = ""
    listen_fds: str = ""
    handover_socket: str = ""
    port: int = 0
    heartbeat_file: str = ""
    database_url: str = ""
    migrator_url: str = ""
    keys_file: str = ""
    token_key_file: str = ""
    token_public_file: str = ""
    switches_file: str = ""
    switches_applied_file: str = ""
    urls: dict[str, str] = {}
    events_urls: dict[str, str] = {}
    isolation_mode: Annotated[bool, Meta(extra={"variable": "ISOLATION_MODE"})] = False
    security_audit: Annotated[bool, Meta(extra={"variable": "SECURITY_AUDIT"})] = False
    log_level: Annotated[LogLevel, Meta(extra={"variable": "LOG_LEVEL"})] = "INFO"
    pool_max_size: Annotated[PoolMaxSize, Meta(extra={"variable": "DB_POOL_MAX_SIZE"})] = 4
    pool_min_idle: Annotated[PoolMinIdle, Meta(extra={"variable": "DB_POOL_MIN_IDLE"})] = 1


SettingsType = TypeVar("SettingsType", bound=Settings)


def variable_name(deployment: str, prefix: str = URL_PREFIX) -> str:
    """Return the variable that carries a deployment's address: ``WAQITI_URL_LEDGER_SERVICE``."""
    return prefix + deployment.upper().replace("-", "_")


def events_variable(deployment: str) -> str:
    """Return the variable that carries the database of a producer's events."""
    return variable_name(deployment, EVENTS_PREFIX)


def load(settings: type[SettingsType], environment: Mapping[str, str]) -> SettingsType:
    """Read ``settings`` out of ``environment``.

    Raises:
        SettingsError: a ``WAQITI_`` variable that no setting knows, or a value of the wrong type or range.
    """
    names = _variables(settings)
    values: dict[str, object] = {"urls": {}, "events_urls": {}}
    urls: dict[str, str] = {}
    events_urls: dict[str, str] = {}
    for variable, text in environment.items():
        if variable.startswith(EVENTS_PREFIX):
            events_urls[_deployment(variable, EVENTS_PREFIX)] = text
        elif variable.startswith(URL_PREFIX):
            urls[_deployment(variable, URL_PREFIX)] = text
        elif variable in names:
            values[names[variable]] = text
        elif variable.startswith(PREFIX):
            raise SettingsError(f"{variable} is not a setting of this process; known: {', '.join(sorted(names))}")
    values |= {"urls": urls, "events_urls": events_urls}
    try:
        return msgspec.convert(values, settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(error, names)) from error


def switch_fields(settings: type[Settings]) -> dict[str, msgspec.structs.FieldInfo]:
    """Return the fields that are switches, by the switch's name."""
    named = ((_variable(field), field) for field in msgspec.structs.fields(settings))
    return {variable: field for variable, field in named if not variable.startswith(PREFIX)}


def _deployment(variable: str, prefix: str) -> str:
    return variable.removeprefix(prefix).lower().replace("_", "-")


def _variables(settings: type[Settings]) -> dict[str, str]:
    return {_variable(field): field.name for field in msgspec.structs.fields(settings)}


def _variable(field: msgspec.structs.FieldInfo) -> str:
    metadata = getattr(field.type, "__metadata__", ())
    for meta in metadata:
        extra: dict[str, Any] | None = getattr(meta, "extra", None)
        if extra and "variable" in extra:
            return str(extra["variable"])
    return PREFIX + field.name.upper()


def _explain(error: msgspec.ValidationError, names: Mapping[str, str]) -> str:
    text = str(error)
    for variable, field in names.items():
        if f"`$.{field}`" in text:
            return text.replace(f"`$.{field}`", variable)
    return text
