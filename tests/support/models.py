"""Models for tests of the registry: artifacts that are JSON and say what a test wants them to."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
import msgspec

from tests.support.house import OPERATOR_KEY, House
from tests.support.raw import Answer
from waqiti.contracts.catalog import FRAUD, ML
from waqiti.contracts.ml import FRAUD_DETECTION, Following, Mark
from waqiti.contracts.public.models import ModelFigures
from waqiti.foundation.http.client import Deadline, HttpClient
from waqiti.foundation.ids import new_id
from waqiti.services.ml.service import service
from waqiti.services.ml.usecases.artifacts import ArtifactError, Inspected, Workshop

GOOD: Final = ModelFigures(
    rows=10_000,
    frauds=60,
    train_rows=40_000,
    auc=0.98,
    average_precision=0.80,
    precision_at_k=0.45,
    k=100,
    recall=0.60,
    false_positive_rate=0.001,
    calibration_error=0.01,
)


class Made(msgspec.Struct, frozen=True):
    """An artifact: its figures, whom it suspects, and whether it loads."""

    name: str
    figures: ModelFigures = GOOD
    suspected: list[str] = []
    loads: bool = True

    @property
    def content(self) -> bytes:
        return msgspec.json.encode(self)


LIBRARY: Final = "json"
"""Under what artifacts of ``Made`` are tried."""
SHIPPED: Final = Made("shipped")


class Content(Protocol):
    """An artifact, however it was made, with its figures."""

    @property
    def content(self) -> bytes: ...

    @property
    def figures(self) -> ModelFigures: ...


class JsonWorkshop:
    """Reads artifacts as ``Made`` writes them."""

    def __init__(self, shipped: Made | None = SHIPPED) -> None:
        self._shipped = shipped

    def library(self) -> str:
        return LIBRARY

    async def inspect(self, content: bytes) -> Inspected:
        return inspected(content)

    async def suspected(self, content: bytes) -> list[str]:
        return _read(content).suspected

    def shipped(self) -> bytes | None:
        return self._shipped.content if self._shipped is not None else None


def inspected(content: bytes) -> Inspected:
    """Read an artifact as ``JsonWorkshop`` does."""
    made = _read(content)
    return Inspected(fingerprint=f"trained {made.name}", figures=made.figures, card='"A card."')


def _read(content: bytes) -> Made:
    try:
        made = msgspec.json.decode(content, type=Made)
    except msgspec.MsgspecError as error:
        raise ArtifactError("it is no artifact") from error
    if not made.loads:
        raise ArtifactError("it is of another catalogue")
    return made


class Line:
    """Calls a service as one caller, without a thread: the service needs those of this process itself."""

    def __init__(self, url: str, credential: str) -> None:
        self._client = HttpClient(ML, url)
        self._headers = [
            (b"authorization", f"Bearer {credential}".encode()),
            (b"content-type", b"application/json"),
        ]

    async def get(self, path: str) -> Answer:
        return await self._send("GET", path, b"")

    async def post(self, path: str, body: object) -> Answer:
        return await self._send("POST", path, msgspec.json.encode(body))

    async def close(self) -> None:
        await self._client.close()

    async def _send(self, method: str, path: str, body: bytes) -> Answer:
        answer = await self._client.request(method, path, headers=self._headers, body=body, deadline=Deadline(20))
        headers = {name.decode().lower(): value.decode() for name, value in answer.headers}
        return Answer(answer.status, headers, answer.body)


class Replica(msgspec.Struct, frozen=True):
    """One replica of ml-service, as an operator and as fraud-service call it."""

    url: str
    operator: Line
    fraud: Line

    async def register(self, made: Content, **fields: Any) -> Any:
        """Register an artifact; return its version."""
        body = {"model": FRAUD_DETECTION, "artifact": _base64(made.content), **fields}
        answer = await self.operator.post("/api/model/versions", body)
        assert answer.status in (200, 201), answer
        return answer.document()["version"]

    async def compare(self, version: str, figures: ModelFigures = GOOD, champion: str = "v1.0.0") -> None:
        """Record how a version did beside the champion, which did as ``GOOD`` says."""
        body = {"model": FRAUD_DETECTION, "version": version, "champion": champion, "data": "A week."}
        figures_of = {"figures": msgspec.to_builtins(figures), "champion_figures": msgspec.to_builtins(GOOD)}
        answer = await self.operator.post("/api/model/comparisons", body | figures_of)
        assert answer.status == 201, answer

    async def registered(self, made: Content, champion: str = "v1.0.0") -> str:
        """Register an artifact and record how it did; return its version."""
        version = await self.register(made)
        await self.compare(version, made.figures, champion)
        return str(version)

    async def promote(self, version: str, **fields: Any) -> Answer:
        return await self.operator.post("/api/model/promote", {"model": FRAUD_DETECTION, "version": version, **fields})

    async def roll_back(self, version: str, **fields: Any) -> Answer:
        return await self.operator.post("/api/model/rollback", {"model": FRAUD_DETECTION, "version": version, **fields})

    async def champion(self) -> Any:
        """Return version and revision in force."""
        found = (await self.operator.get("/api/model/metrics")).document()["models"]["fraud"]
        return found["version"], found["revision"]

    async def versions(self) -> list[tuple[str, bool]]:
        """Return every version and whether it is in force, newest first."""
        found = (await self.operator.get("/api/model/versions?limit=100")).document()["data"]
        return [(row["version"], row["champion"]) for row in found]

    async def history(self) -> list[Any]:
        return list((await self.operator.get("/api/model/history?limit=100")).document()["data"])

    async def follow(self, known: Mark | None, *, serving: Mark | None = None, reader: UUID | None = None) -> Any:
        """Ask for the champion as a replica of fraud-service does."""
        body = following(known, serving=serving, reader=reader)
        answer = await self.fraud.post("/internal/models/champion", body)
        assert answer.status == 200, answer
        return answer.document()["champion"]


def mark(revision: int, made: Made = SHIPPED) -> Mark:
    """Return what tells a champion from others."""
    return Mark(revision, hashlib.sha256(made.content).hexdigest())


def following(known: Mark | None, *, serving: Mark | None = None, reader: UUID | None = None, replica: str = "") -> Any:
    return msgspec.to_builtins(
        Following(
            reader=reader or new_id(), model=FRAUD_DETECTION, replica=replica, pid=1, serving=serving, known=known
        )
    )


@asynccontextmanager
async def ml_replicas(
    house: House, count: int = 1, shipped: Made | None = SHIPPED, workshop: Workshop | None = None
) -> AsyncIterator[list[Replica]]:
    """Serve replicas of ml-service on one database; ``workshop`` reads other artifacts than those of ``Made``."""
    workshop = workshop or JsonWorkshop(shipped)
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(count):
            addresses = await stack.enter_async_context(house.serving([service(workshop)]))
            url, token = addresses[ML], house.issuer(FRAUD).authorization().decode().removeprefix("Bearer ")
            replica = Replica(url, Line(url, OPERATOR_KEY), Line(url, token))
            stack.push_async_callback(replica.operator.close)
            stack.push_async_callback(replica.fraud.close)
            found.append(replica)
        yield found


async def rows(house: House, query: str, *arguments: object) -> Sequence[tuple[object, ...]]:
    """Run a query as the superuser of the registry's database."""
    connection = await asyncpg.connect(house.databases[ML].admin_url)
    try:
        return [tuple(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


def _base64(content: bytes) -> str:
    return str(msgspec.to_builtins(content))
