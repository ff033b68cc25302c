"""How the platform is, as everybody is told."""

from typing import Literal

import msgspec

State = Literal["operational", "degraded", "unavailable", "maintenance"]


class Capability(msgspec.Struct, frozen=True):
    """Something that the public can do, and how it is."""

    name: str
    status: State
    detail: str


class PlatformStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; ``notices`` say which modes are on and what they mean."""

    status: State
    summary: str
    capabilities: list[Capability]
    notices: list[str]
