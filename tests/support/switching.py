"""Switches: as operations publish them, without operations, and on a platform by its commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.support.platform import Platform
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import LiveSwitch, SwitchFile, Value

REASON: Final = ("--reason", "An acceptance test.", "--json")


class Board:
    """Publishes ``switches.json`` for services that are served in this process."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "switches.json"
        self._switches: dict[tuple[str, str], LiveSwitch] = {}
        self.revision = 0
        self._publish()

    @property
    def variables(self) -> dict[str, str]:
        """What tells a service to follow."""
        return {"WAQITI_SWITCHES_FILE": str(self.path)}

    def set(self, service: str, name: str, value: Value, *, expires_at: datetime | None = None) -> None:
        """Switch, and publish."""
        self.revision += 1
        self._switches[service, name] = LiveSwitch(
            name=name,
            service=service,
            value=value,
            revision=self.revision,
            owner="tester",
            reason="A test.",
            set_at=utc_now(),
            expires_at=expires_at,
        )
        self._publish()

    def unset(self, service: str, name: str) -> None:
        """Let go, and publish."""
        self.revision += 1
        del self._switches[service, name]
        self._publish()

    def _publish(self) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(SwitchFile(self.revision, tuple(self._switches.values()))))
        draft.replace(self.path)


@contextmanager
def switched(
    platform: Platform, name: str, value: str, *, service: str | None = None, period: str | None = None
) -> Iterator[Any]:
    """Have a switch set, and unset again whatever happens; give what ``switch set`` printed."""
    only = ["--service", service] if service else []
    until_then = ["--for", period] if period else []
    try:
        done = platform.command("switch", "set", name, value, *only, *until_then, *REASON)
        assert done.exit_code == 0, done
        yield done.document()
    finally:
        assert platform.command("switch", "unset", name, *only, *REASON).exit_code == 0
