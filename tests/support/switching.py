"""Switches: as operations publish them, without operations, and on a platform by its commands."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.support.platform import Platform
from tests.support.raw import RawClient
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import AppliedFile, LiveSwitch, SwitchFile, Value
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.present import published

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


def assert_followed(platform: Platform, expected: Mapping[str, Mapping[str, Value]]) -> None:
    """Assert that all replicas of these deployments have the values, live, and say so wherever they say anything.

    Each is asked at its own port for its settings and its metrics; each of its processes has confirmed.
    """
    layout = Layout(platform.state)
    revision = published(layout).revision
    for row in platform.status()["deployments"]:
        wanted = expected.get(row["name"], {})
        assert row["replicas"], row["name"]
        for replica in row["replicas"] if wanted else ():
            found = switches_of(platform, replica)
            assert found.revision == (revision, revision), replica["name"]
            assert {name: found.switches[name] for name in wanted} == {
                name: (value, "live") for name, value in wanted.items()
            }, replica["name"]
            for process in replica["processes"]:
                said = layout.switches_applied(replica["name"], process["role"]).read_bytes()
                applied = msgspec.json.decode(said, type=AppliedFile)
                assert (applied.pid, applied.revision) == (process["pid"], revision), replica["name"]


class Shown(msgspec.Struct, frozen=True):
    """What a replica says: its revision in its settings and in its metrics, each switch's value and its source."""

    revision: tuple[int, int]
    switches: dict[str, tuple[Value, str]]


def switches_of(platform: Platform, replica: Any) -> Shown:
    """Ask one replica, as ``waqiti status`` lists it, at its own port."""
    asked = RawClient(f"http://127.0.0.1:{replica['port']}", platform.credentials.operator_key)
    env: Any = asked.get("/actuator/env").document()
    lines = asked.get("/actuator/prometheus").body.decode().splitlines()
    (metric,) = [line for line in lines if line.startswith("waqiti_switch_revision ")]
    switches = {name: (one["value"], one["source"]) for name, one in env["switches"].items()}
    return Shown((env["revision"], int(float(metric.split()[1]))), switches)
