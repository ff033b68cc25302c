"""How a process follows its switches: it hears when the file is replaced, and enforces expiry by itself.

It looks once a second all the same, and five times a second where the kernel does not tell.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, Literal

import msgspec

from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import Problem
from waqiti.foundation.pausing import until_beat
from waqiti.foundation.settings import SettingsError, SettingsType, switch_fields
from waqiti.foundation.switches.file import AppliedFile, LiveSwitch, SwitchFile, Value, replace_file
from waqiti.foundation.switches.watching import FileWatch
from waqiti.foundation.telemetry import gauge, logger

POLL_SECONDS: Final = 0.2
WATCHED_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.01

Follower = Callable[[SettingsType], None]

_FILE: Final = msgspec.json.Decoder(SwitchFile)
_revision: Final = gauge("waqiti_switch_revision", "Revision of the switches in force.", merge="livemin")
_log: Final = logger(__name__)


class SwitchView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One switch as an operator sees it: its value, where that comes from, and who set it, why and until when."""

    value: Value
    source: Literal["live", "environment", "default"]
    owner: str = ""
    reason: str = ""
    set_at: datetime | None = None
    expires_at: datetime | None = None


class Switches(Generic[SettingsType]):
    """The settings of one service as they are now.

    A live value beats the one that the process was started with. A file that is bad or gone leaves what was last good
    in force; at the start nothing is, and the process does not guess. Each revision is confirmed once it is in force.
    """

    def __init__(self, service: str, settings: SettingsType, environment: Mapping[str, str]) -> None:
        self._service = service
        self._fields = switch_fields(type(settings))
        self._given = {name for name in self._fields if name in environment}
        self._started_with = settings
        self._path = Path(settings.switches_file) if settings.switches_file else None
        self._applied_path = Path(settings.switches_applied_file) if settings.switches_applied_file else None
        self._followers: list[Follower[SettingsType]] = []
        self._file = SwitchFile(0)
        self._seen: tuple[int, int, int] | None = None
        self._live: dict[str, LiveSwitch] = {}
        self._confirmed: int | None = None
        self._bad_file: str | None = None
        self._bad_confirmation: str | None = None
        self._next: asyncio.TimerHandle | None = None
        self._watch: FileWatch | None = None
        self.settings = settings

    @property
    def revision(self) -> int:
        """The revision in force; 0 before anything was ever switched."""
        return self._file.revision

    @property
    def is_followed(self) -> bool:
        """Whether there is a file to follow at all."""
        return self._path is not None

    def follow(self, follower: Follower[SettingsType]) -> None:
        """Call ``follower`` with the settings now, and again whenever a switch changes one of them."""
        self._followers.append(follower)
        follower(self.settings)

    def start(self) -> None:
        """Read the file, and look at it from now on.

        Raises:
            SettingsError: the file is bad or gone: what the process was started with may not be what is in force.
        """
        if self._path is None:
            return
        self._read_changed()
        if self._seen is None or self._bad_file is not None:
            why = self._bad_file or "it is gone"
            raise SettingsError(f"{self._path} cannot be applied ({why}): waqiti switch list shows and mends it")
        self._watch = self._watched()
        self._tick(asyncio.get_running_loop())

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
        if self._watch is not None:
            self._watch.close()

    def look(self) -> None:
        """Read the file where it has changed, let go of what has expired, and confirm what is in force."""
        self._read_changed()
        live = self._unexpired()
        if live != self._live:
            self._apply(live)
        if self._confirmed != self.revision:
            self._confirm()

    def views(self) -> dict[str, SwitchView]:
        """Return every switch of this service."""
        return {name: self._view(name) for name in sorted(self._fields)}

    async def summary(self) -> str:
        """Return a line for whoever looks at health, without values that only operators may know.

        Raises:
            Problem: the file is bad, and what was last good is in force; or nobody can be told what is in force.
        """
        if failure := self._not_applied() or self._bad_confirmation:
            raise Problem.unavailable("switches_not_followed", failure)
        shown = [text for name in sorted(self._fields) if (text := self._shown(name)) is not None]
        return ", ".join([f"revision {self.revision}", *shown])

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self.look()
        finally:
            self._next = loop.call_later(self._pause_seconds(loop.time()), self._tick, loop)

    def _pause_seconds(self, now: float) -> float:
        pause = until_beat(POLL_SECONDS if self._watch is None else WATCHED_SECONDS, now)
        expiries = [switch.expires_at for switch in self._live.values() if switch.expires_at is not None]
        if not expiries:
            return pause
        return min(pause, max(_SOONEST_SECONDS, (min(expiries) - utc_now()).total_seconds()))

    def _watched(self) -> FileWatch | None:
        assert self._path is not None
        try:
            return FileWatch(self._path, self._hear)
        except OSError as error:
            _log.warning("switches_polled", service=self._service, reason=f"the kernel gives no watch: {error}")
            return None

    def _hear(self) -> None:
        """Look now, and by the clock again from then on: what was heard may expire soon."""
        if self._next is not None:
            self._next.cancel()
        self._tick(asyncio.get_running_loop())

    def _read_changed(self) -> None:
        assert self._path is not None
        try:
            status = os.stat(self._path)  # noqa: PTH116 - up to five times a second in each process
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen:
                return
            self._seen = seen
            self._take(_FILE.decode(self._path.read_bytes()))
            self._bad_file = None
        except FileNotFoundError:
            # What is in force stays; a process that starts is refused.
            return
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            self._bad_file = str(error)
            _log.warning("switches_unreadable", service=self._service, reason=self._not_applied())

    def _not_applied(self) -> str | None:
        if self._bad_file is None:
            return None
        return f"switches.json cannot be applied; revision {self.revision} stays in force: {self._bad_file}"

    def _take(self, file: SwitchFile) -> None:
        for switch in file.switches:
            if self._is_ours(switch):
                msgspec.convert(switch.value, self._fields[switch.name].type)
        self._file = file

    def _is_ours(self, switch: LiveSwitch) -> bool:
        return switch.service == self._service and switch.name in self._fields

    def _unexpired(self) -> dict[str, LiveSwitch]:
        if not self._file.switches:
            return {}
        now = utc_now()
        ours = [switch for switch in self._file.switches if self._is_ours(switch)]
        return {switch.name: switch for switch in ours if switch.expires_at is None or switch.expires_at > now}

    def _apply(self, live: dict[str, LiveSwitch]) -> None:
        values = {self._fields[name].name: self._converted(switch) for name, switch in live.items()}
        before, self._live = self._live, live
        self.settings = msgspec.structs.replace(self._started_with, **values)
        for name in sorted(before.keys() | live.keys()):
            view = self._view(name)
            _log.info("switched", service=self._service, switch=name, value=view.value, source=view.source)
        for follower in self._followers:
            _tell(follower, self.settings)

    def _converted(self, switch: LiveSwitch) -> object:
        return msgspec.convert(switch.value, self._fields[switch.name].type)

    def _confirm(self) -> None:
        _revision.set(self.revision)
        if self._applied_path is None:
            self._confirmed = self.revision
            return
        try:
            replace_file(self._applied_path, self._applied())
        except OSError as error:
            # It is tried again at the next look; until then this process counts as unreached.
            self._bad_confirmation = f"revision {self.revision} is in force and cannot be confirmed: {error}"
            return
        self._bad_confirmation = None
        self._confirmed = self.revision

    def _applied(self) -> AppliedFile:
        others = {switch.name for switch in self._file.switches if switch.service == self._service} - set(self._fields)
        return AppliedFile(
            pid=os.getpid(),
            revision=self.revision,
            applied_at_ns=time.monotonic_ns(),
            unknown=tuple(sorted(others)),
        )

    def _view(self, name: str) -> SwitchView:
        value: Value = getattr(self.settings, self._fields[name].name)
        live = self._live.get(name)
        if live is None:
            return SwitchView(value=value, source="environment" if name in self._given else "default")
        return SwitchView(
            value=value,
            source="live",
            owner=live.owner,
            reason=live.reason,
            set_at=live.set_at,
            expires_at=live.expires_at,
        )

    def _shown(self, name: str) -> str | None:
        field = self._fields[name]
        value = getattr(self.settings, field.name)
        if isinstance(value, bool):
            return f"{name}={str(value).lower()}" if name in self._live or value != field.default else None
        return name if name in self._live else None


def _tell(follower: Follower[SettingsType], settings: SettingsType) -> None:
    try:
        follower(settings)
    except Exception as error:  # noqa: BLE001 - one that fails must not keep the change from the others
        _log.error("switch_not_followed", kind=type(error).__name__, exc_info=error)
