"""How the platform is."""

from waqiti.client.calling import Mode, Resource, operation
from waqiti.contracts.public.status import PlatformStatus


class Status(Resource[Mode]):
    """How the platform is; it answers in maintenance too."""

    @operation
    async def get(self) -> PlatformStatus:
        """Read what works and which modes are on, as of two seconds ago at most."""
        return await self._transport.get("/status", PlatformStatus)
