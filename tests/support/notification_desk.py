"""notification-service as it runs, seen from its API, with what payment-service tells it in a test's hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import asyncpg

from tests.support.house import OPERATOR_KEY, House, Visitor
from tests.support.payment_results import Results, open_results
from tests.support.raw import Answer
from waqiti.contracts.catalog import NOTIFICATION, PAYMENT
from waqiti.services.notification.service import SERVICE

DEADLINE_SECONDS: Final = 10.0
BASE: Final = "/v1/webhook-endpoints"


class Desk:
    """A client of the service, and its database as the superuser sees it."""

    def __init__(self, house: House, visitor: Visitor, results: Results, workers: Sequence[Visitor] = ()) -> None:
        self.house = house
        self.visitor = visitor
        self.results = results
        self.workers = workers

    async def worker_health(self, component: str) -> str:
        """Return the status of a component of the first worker's health."""
        report = (await self.workers[0].get("/actuator/health")).document()
        found: str = report["components"][component]["status"]
        return found

    async def endpoint(self, url: str, *events: str) -> Any:
        """Add an endpoint that wants ``events``, all without any."""
        answer = await self.visitor.post(BASE, {"url": url, "events": list(events) or ["*"]})
        assert answer.status == 201, answer.body
        return answer.document()

    async def act(self, endpoint: Any, action: str, body: Any = None) -> Answer:
        return await self.visitor.post(f"{BASE}/{endpoint['id']}/{action}", body or {})

    async def read(self, endpoint: Any) -> Any:
        return (await self.visitor.get(f"{BASE}/{endpoint['id']}")).document()

    async def deliveries(self, endpoint: Any, query: str = "") -> list[Any]:
        answer = await self.visitor.get(f"{BASE}/{endpoint['id']}/deliveries{query}")
        assert answer.status == 200, answer.body
        found: list[Any] = answer.document()["data"]
        return found

    async def ended(self, endpoint: Any, count: int = 1) -> list[Any]:
        """Wait until an endpoint has ``count`` deliveries and none is on its way."""
        found: list[Any] = await eventually(
            lambda: self.deliveries(endpoint),
            lambda found: len(found) == count and all(one["status"] != "pending" for one in found),
        )
        return found

    async def attempted(self, endpoint: Any, attempts: int) -> Any:
        """Wait until the newest delivery of an endpoint has so many attempts."""
        found = await eventually(
            lambda: self.deliveries(endpoint), lambda found: bool(found) and len(found[0]["attempts"]) == attempts
        )
        return found[0]

    async def hurry(self) -> None:
        """Make all that waits due now."""
        await self.rows("UPDATE deliveries SET next_at = now() WHERE next_at IS NOT NULL AND lease IS NULL")

    async def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Run ``query`` as the database's superuser."""
        connection = await asyncpg.connect(self.house.databases[NOTIFICATION].admin_url)
        try:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()


@asynccontextmanager
async def open_desk(
    house: House, *, workers: int = 1, variables: Mapping[str, str] | None = None
) -> AsyncIterator[Desk]:
    """Serve the api and so many worker processes; ``variables`` are settings."""
    own = {NOTIFICATION: variables or {}}
    async with AsyncExitStack() as stack:
        results = await stack.enter_async_context(open_results(house.databases[PAYMENT].url))
        addresses = await stack.enter_async_context(house.serving([SERVICE], role="api", own=own))
        found = [
            await stack.enter_async_context(house.serving([SERVICE], role="worker", own=own)) for _ in range(workers)
        ]
        diagnosed = [house.client(one[NOTIFICATION], OPERATOR_KEY) for one in found if NOTIFICATION in one]
        yield Desk(house, house.client(addresses[NOTIFICATION]), results, diagnosed)


async def eventually(
    look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], seconds: float = DEADLINE_SECONDS
) -> Any:
    """Look until it holds, and return what was seen."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not holds(found := await look()):
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(0.02)
    return found


def types(events: Sequence[Any]) -> list[str]:
    return [event["type"] for event in events]
