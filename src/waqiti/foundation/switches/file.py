"""The files between operations and replicas: what is switched, and who has it."""

import os
from datetime import datetime
from pathlib import Path

import msgspec

Value = bool | int | float | str


class LiveSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """A value that beats the environment of one deployment until it is unset or ``expires_at`` has come."""

    name: str
    service: str
    value: Value
    revision: int
    owner: str
    reason: str
    set_at: datetime
    expires_at: datetime | None = None


class SwitchFile(msgspec.Struct, frozen=True):
    """``switches.json``: everything that is switched; ``revision`` rises with each change."""

    revision: int
    switches: tuple[LiveSwitch, ...] = ()


class AppliedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What one process confirms: the revision it follows, since when, and switches that its release does not know.

    ``applied_at_ns`` is of the monotonic clock, which all processes of a machine share.
    """

    pid: int
    revision: int
    applied_at_ns: int
    unknown: tuple[str, ...] = ()


def replace_file(path: Path, document: AppliedFile) -> None:
    """Write a confirmation so that a reader sees the former one or this; a crash of the machine may lose it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(document))
    draft.replace(path)
