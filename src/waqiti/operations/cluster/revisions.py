"""What a deployment runs: numbered revisions that never change, and which of them is in force."""

from datetime import datetime
from typing import Final, Literal

import msgspec

DEFAULT_MEMORY_BYTES: Final = 1024 * 1024**2
KEPT: Final = 50
"""How many revisions of a deployment are remembered; the one in force is among them in any case."""

RevisionKind = Literal["start", "release", "environment", "resources"]


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """What one replica may use: ``memory_bytes`` is the limit of all its processes together."""

    memory_bytes: int = DEFAULT_MEMORY_BYTES


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment runs, whole.

    ``release`` is the version that is installed, or the sha256 of a directory under ``<state>/releases``.
    ``environment`` is what was set for it, over what the platform gives. ``parent`` is the number of the revision that
    was in force when this one was made, 0 for the first. ``good_at`` is when its replicas had been ready for a minute;
    ``given_up`` why it never served; ``rolled_back_at`` when it was left by an undo.
    """

    number: int
    parent: int
    kind: RevisionKind
    release: str
    environment: dict[str, str] = {}
    resources: Resources = Resources()
    made_at: datetime
    actor: str
    reason: str = ""
    good_at: datetime | None = None
    given_up: str | None = None
    rolled_back_at: datetime | None = None
