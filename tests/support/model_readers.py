"""Processes that serve the champion, as replicas of fraud-service do, with models that say what they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tests.support.house import House
from tests.support.models import LIBRARY, SHIPPED, inspected
from waqiti.contracts.catalog import FRAUD, ML
from waqiti.contracts.ml import MlClient
from waqiti.foundation.database import Database
from waqiti.foundation.http.client import ServiceClient
from waqiti.services.fraud.usecases.models import ModelFollower, UnusableModel
from waqiti.services.ml.usecases.artifacts import ArtifactError

PATIENCE_SECONDS: Final = 15.0


class Server:
    """Serves; tells when it was given another model, and can be made to take its time over loading."""

    def __init__(self) -> None:
        self.used: list[tuple[str, str]] = []
        self.unloadable: set[str] = set()
        self.attempted: list[str] = []
        self._given = asyncio.Event()

    def use(self, version: str, predictor: str) -> None:
        self.used.append((version, predictor))
        self._given.set()
        self._given = asyncio.Event()

    def load(self, content: bytes) -> str:
        """Make a model of an artifact of the tests: what it was trained on."""
        try:
            trained = inspected(content).fingerprint
        except ArtifactError as error:
            raise UnusableModel(str(error)) from error
        if trained in self.unloadable:
            raise UnusableModel("it is of another release")
        return trained

    async def attempt(self, content: bytes) -> None:
        """Try an artifact of the tests, and note which."""
        self.attempted.append(self.load(content))

    async def serves(self, version: str) -> None:
        """Wait until it serves ``version``, woken by being given it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                given = self._given
                if self.used and self.used[-1][0] == version:
                    return
                await given.wait()


class Reader:
    """One process: what it serves and the follower that keeps it up to date."""

    def __init__(self, server: Server, follower: ModelFollower[str]) -> None:
        self.server = server
        self.follower = follower


@asynccontextmanager
async def reader(
    house: House,
    ml_url: str,
    replica: str,
    *,
    dies: bool = False,
    server: Server | None = None,
    library: str = LIBRARY,
) -> AsyncIterator[Reader]:
    """Follow ml-service at ``ml_url`` with fraud-service's database; one that ``dies`` does not say that it ends."""
    server = server or Server()
    database = await Database.open(house.databases[FRAUD].url, name=FRAUD)
    client = ServiceClient(ML, ml_url, authorization=house.issuer(FRAUD).authorization)
    follower = ModelFollower(
        database,
        MlClient(client),
        server,
        server.load,
        server.attempt,
        library=library,
        shipped=SHIPPED.content,
        replica=replica,
    )
    await follower.start()
    stop = asyncio.Event()
    running = asyncio.create_task(follower.run(stop))
    try:
        yield Reader(server, follower)
    finally:
        if dies:
            running.cancel()
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
        await client.close()
        await database.close()
