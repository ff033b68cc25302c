"""What the public is told about the platform: four things that it can do, each in a word and a sentence."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, PAYMENT, WALLET
from waqiti.contracts.modes import EMERGENCY, ISOLATED, MAINTENANCE, READ_ONLY
from waqiti.contracts.public.status import Capability, PlatformStatus, State


class Seen(msgspec.Struct, frozen=True):
    """A deployment as it was seen last: whether it works, and the codes of the modes that it is in."""

    works: bool
    modes: Collection[str] = ()


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    """``needs``: without one of them there is nothing; ``helped_by``: without one of them it takes longer."""

    name: str
    needs: tuple[str, ...] = ()
    helped_by: tuple[str, ...] = ()
    written_by: str | None = None
    in_an_emergency: str | None = None


_RULES: Final = (
    _Rule(
        name="Payments",
        needs=(PAYMENT, WALLET, LEDGER),
        helped_by=(FRAUD, COMPLIANCE),
        written_by=PAYMENT,
        in_an_emergency="Single payments, captures and refunds work; batches and exchanges have to wait.",
    ),
    _Rule(
        name="Wallets",
        needs=(WALLET, LEDGER),
        helped_by=(COMPLIANCE,),
        written_by=WALLET,
        in_an_emergency="Wallets can be read and frozen; new customers and wallets have to wait.",
    ),
    _Rule(
        name="Deposits and withdrawals",
        needs=(WALLET, LEDGER),
        helped_by=(FRAUD, COMPLIANCE),
        written_by=WALLET,
        in_an_emergency="Deposits work; withdrawals have to wait.",
    ),
    _Rule(name="API"),
)

ASKED: Final = tuple(sorted({name for rule in _RULES for name in (*rule.needs, *rule.helped_by)}))
"""The deployments whose health decides."""

_WORKS: Final = "Everything works."
_SLOW: Final = "It works; some of it takes longer than usual, and what was accepted is not lost."
_GONE: Final = "It does not work at the moment. What was accepted before is not lost."
_READ: Final = "Everything can be read; changes have to wait."
_MAINTAINED: Final = "It is being maintained. What was accepted before is not lost."

_GRAVITY: Final[tuple[State, ...]] = ("operational", "degraded", "unavailable", "maintenance")
_SUMMARIES: Final[dict[State, str]] = {
    "operational": "All systems work.",
    "degraded": "Some things work less well than usual.",
    "unavailable": "Some things do not work at the moment.",
    "maintenance": "We are doing maintenance.",
}
_NOTICES: Final = {
    ISOLATED: "Part of the platform is cut off on purpose and does not answer. What was accepted is not lost.",
    MAINTENANCE: "Maintenance: requests are refused until it is over. Money is where it was.",
    EMERGENCY: "Emergency mode: only what is critical is done, and everything else has to wait.",
    READ_ONLY: "Read-only mode: part of the platform can be read and not changed.",
}


def platform_status(seen: Mapping[str, Seen], own_modes: Collection[str]) -> PlatformStatus:
    """Say how the platform is: ``seen`` holds every deployment of ``ASKED``, ``own_modes`` are those of the edge."""
    modes = {*own_modes, *(mode for one in seen.values() for mode in one.modes)}
    capabilities = [_capability(rule, seen, own_modes) for rule in _RULES]
    worst = max((one.status for one in capabilities), key=_GRAVITY.index)
    return PlatformStatus(
        status=worst,
        summary=_SUMMARIES[worst],
        capabilities=capabilities,
        notices=[notice for mode, notice in _NOTICES.items() if mode in modes],
    )


def _capability(rule: _Rule, seen: Mapping[str, Seen], own_modes: Collection[str]) -> Capability:
    status, detail = _judged(rule, seen, own_modes)
    return Capability(rule.name, status, detail)


def _judged(rule: _Rule, seen: Mapping[str, Seen], own_modes: Collection[str]) -> tuple[State, str]:
    if MAINTENANCE in own_modes and ISOLATED not in own_modes:
        return "maintenance", _MAINTAINED
    if ISOLATED in own_modes or not all(seen[name].works for name in rule.needs):
        return "unavailable", _GONE
    if rule.in_an_emergency is not None and EMERGENCY in own_modes:
        return "degraded", rule.in_an_emergency
    if rule.written_by is not None and READ_ONLY in seen[rule.written_by].modes:
        return "degraded", _READ
    if not all(seen[name].works for name in rule.helped_by):
        return "degraded", _SLOW
    return "operational", _WORKS
