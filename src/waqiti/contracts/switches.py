"""The one table of switches: their values, and the deployments that have them.

What a deployment's settings say of a switch is the same type and default; a test holds the two together.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from waqiti.contracts.catalog import COMPLIANCE, DEPLOYMENTS, FRAUD, GATEWAY, LEDGER, NOTIFICATION, PAYMENT, WALLET
from waqiti.foundation.settings import LogLevel, PoolMaxSize, PoolMinIdle, Settings
from waqiti.foundation.switches.file import Value

Share = Annotated[float, Meta(ge=0, le=1)]

ISOLATION_MODE: Final = "ISOLATION_MODE"
READ_ONLY_MODE: Final = "READ_ONLY_MODE"
EMERGENCY_MODE: Final = "EMERGENCY_MODE"
MAINTENANCE_MODE: Final = "MAINTENANCE_MODE"
MANUAL_REVIEW_MODE: Final = "MANUAL_REVIEW_MODE"
MANUAL_REVIEW_THRESHOLD: Final = "MANUAL_REVIEW_THRESHOLD"
FRAUD_THRESHOLD: Final = "FRAUD_THRESHOLD"
SECURITY_AUDIT: Final = "SECURITY_AUDIT"
LOG_LEVEL: Final = "LOG_LEVEL"
DB_POOL_MAX_SIZE: Final = "DB_POOL_MAX_SIZE"
DB_POOL_MIN_IDLE: Final = "DB_POOL_MIN_IDLE"

DEFAULT_REVIEW_THRESHOLD: Final = 0.70
DEFAULT_FRAUD_THRESHOLD: Final = 0.85
"""Scores from the one on are held for review, from the other on declined, unless a switch says otherwise."""


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """One switch; its name is also the variable that sets it at start.

    ``kind`` is the type of its values and ``values`` says so in words. One for the whole ``platform`` is never set for
    a single deployment.
    """

    name: str
    kind: Any
    values: str
    default: Value
    deployments: tuple[str, ...]
    platform: bool = False


_ALL: Final = tuple(row.name for row in DEPLOYMENTS)
_WITH_DATABASE: Final = tuple(row.name for row in DEPLOYMENTS if row.database is not None)
_WRITTEN_BY_CLIENTS: Final = (PAYMENT, WALLET, LEDGER, COMPLIANCE, FRAUD, NOTIFICATION)
_BOOLEAN: Final = "true or false"
_SHARE: Final = "a number from 0 to 1"

SWITCHES: Final = (
    Switch(
        name=ISOLATION_MODE,
        kind=bool,
        values=_BOOLEAN,
        default=False,
        deployments=_ALL,
    ),
    Switch(
        name=MAINTENANCE_MODE,
        kind=bool,
        values=_BOOLEAN,
        default=False,
        deployments=(GATEWAY,),
    ),
    Switch(
        name=EMERGENCY_MODE,
        kind=bool,
        values=_BOOLEAN,
        default=False,
        deployments=(GATEWAY, *_WRITTEN_BY_CLIENTS),
        platform=True,
    ),
    Switch(
        name=READ_ONLY_MODE,
        kind=bool,
        values=_BOOLEAN,
        default=False,
        deployments=_WRITTEN_BY_CLIENTS,
    ),
    Switch(
        name=MANUAL_REVIEW_MODE,
        kind=bool,
        values=_BOOLEAN,
        default=True,
        deployments=(FRAUD,),
    ),
    Switch(
        name=MANUAL_REVIEW_THRESHOLD,
        kind=Share,
        values=_SHARE,
        default=DEFAULT_REVIEW_THRESHOLD,
        deployments=(FRAUD,),
    ),
    Switch(
        name=FRAUD_THRESHOLD,
        kind=Share,
        values=_SHARE,
        default=DEFAULT_FRAUD_THRESHOLD,
        deployments=(FRAUD,),
    ),
    Switch(
        name=SECURITY_AUDIT,
        kind=bool,
        values=_BOOLEAN,
        default=False,
        deployments=_ALL,
    ),
    Switch(
        name=LOG_LEVEL,
        kind=LogLevel,
        values="CRITICAL, ERROR, WARNING, INFO or DEBUG",
        default="INFO",
        deployments=_ALL,
    ),
    Switch(
        name=DB_POOL_MAX_SIZE,
        kind=PoolMaxSize,
        values="a whole number from 1 to 200",
        default=4,
        deployments=_WITH_DATABASE,
    ),
    Switch(
        name=DB_POOL_MIN_IDLE,
        kind=PoolMinIdle,
        values="a whole number from 0 to 200",
        default=1,
        deployments=_WITH_DATABASE,
    ),
)


class PublicSettings(Settings, frozen=True, kw_only=True):
    """Settings of a service that clients write to through the gateway."""

    emergency_mode: Annotated[bool, Meta(extra={"variable": EMERGENCY_MODE})] = False
    read_only_mode: Annotated[bool, Meta(extra={"variable": READ_ONLY_MODE})] = False


def find_switch(name: str) -> Switch | None:
    """Return the switch called ``name``, if there is one."""
    return next((switch for switch in SWITCHES if switch.name == name), None)
