"""Health: named checks, run together, each bounded to half a second."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal

import msgspec

from waqiti.foundation.errors import Problem

CHECK_SECONDS: Final = 0.5

Status = Literal["UP", "DOWN", "OUT_OF_SERVICE"]
Check = Callable[[], Awaitable[object]]


class Component(msgspec.Struct, frozen=True, omit_defaults=True):
    """One check's outcome; ``detail`` says why it is not UP, or what there is to know."""

    status: Status
    detail: str | None = None


class HealthReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole service: UP where every critical component is. ``modes`` are the codes of what switches refuse now."""

    status: Status
    components: dict[str, Component] = {}
    modes: list[str] = []


class _Registered(msgspec.Struct, frozen=True):
    check: Check
    critical: bool


class Health:
    """The checks of one service. A check passes by returning, a text being shown, and fails by raising."""

    def __init__(self, draining: asyncio.Event) -> None:
        self._draining = draining
        self._checks: dict[str, _Registered] = {}
        self._modes: Callable[[], list[str]] = list

    def tell_modes(self, modes: Callable[[], list[str]]) -> None:
        """Have ``modes`` say which modes are on, by the codes that they refuse with."""
        self._modes = modes

    def modes(self) -> list[str]:
        """Return the codes of the modes that are on."""
        return self._modes()

    def add(self, name: str, check: Check, *, critical: bool = True) -> None:
        """Register a check; one that is not critical is shown but does not make the service DOWN."""
        assert name not in self._checks, f"two checks are called {name}"
        self._checks[name] = _Registered(check, critical)

    async def report(self) -> HealthReport:
        """Run every check and add them up; OUT_OF_SERVICE while the service drains."""
        outcomes = await asyncio.gather(*(_run(registered.check) for registered in self._checks.values()))
        components = dict(zip(self._checks, outcomes, strict=True))
        if self._draining.is_set():
            return HealthReport("OUT_OF_SERVICE", components, self.modes())
        down = any(self._checks[name].critical and found.status != "UP" for name, found in components.items())
        return HealthReport("DOWN" if down else "UP", components, self.modes())


async def _run(check: Check) -> Component:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            found = await check()
    except TimeoutError:
        return Component("DOWN", f"no answer within {CHECK_SECONDS:g} s")
    except Problem as problem:
        return Component("DOWN", problem.detail)
    except Exception as error:  # noqa: BLE001 - a check may fail in any way; each is a finding, not a fault here
        return Component("DOWN", type(error).__name__)
    return Component("UP", found if isinstance(found, str) else None)
