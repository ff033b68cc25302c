"""The champion changes under load: two replicas of fraud-service with ml-service, and no score that fails."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.support.databases import FreshDatabase
from tests.support.house import OPERATOR_KEY, House, Visitor
from tests.support.models import Replica, ml_replicas
from tests.support.predictors import LenientWorkshop, Suspecting
from tests.support.scoring import scored
from waqiti.contracts.catalog import FRAUD, ML
from waqiti.foundation.ids import new_id
from waqiti.services.fraud.service import SERVICE

SOON_SECONDS = 1.0
CAREFUL, CARELESS = Suspecting(100_000), Suspecting(10_000_000)


class Stream:
    """Scores against one replica, batch after batch, and notes which version decided what."""

    def __init__(self, replica: Visitor) -> None:
        self._replica = replica
        self.seen: list[tuple[str | None, tuple[str, ...]]] = []

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            items = [msgspec.to_builtins(scored(new_id(), new_id(), amount)) for amount in (500, 1_000_000)]
            answer = await self._replica.post("/internal/score", {"items": items})
            assert answer.status == 200, answer
            decisions = answer.document()["decisions"]
            (version,) = {row["model_version"] for row in decisions}
            self.seen.append((version, tuple(row["outcome"] for row in decisions)))

    async def decides_by(self, version: str) -> None:
        async with asyncio.timeout(SOON_SECONDS):
            while not self.seen or self.seen[-1][0] != version:
                await asyncio.sleep(0.005)


async def test_a_champion_is_rolled_back_on_every_replica_within_a_second_while_scores_go_on(
    tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]
) -> None:
    house = House(tmp_path, fresh_database, (FRAUD, ML))
    async with ml_replicas(house, workshop=LenientWorkshop(CARELESS)) as (ml,):
        elsewhere = {ML: ml.url}
        async with (
            house.serving([SERVICE], elsewhere, WAQITI_REPLICA="fraud-service-1") as one,
            house.serving([SERVICE], elsewhere, WAQITI_REPLICA="fraud-service-2") as two,
        ):
            replicas = [house.internal_client(addresses[FRAUD], "payment-service") for addresses in (one, two)]
            streams, stop = [Stream(replica) for replica in replicas], asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for stream in streams:
                    group.create_task(stream.run(stop))
                try:
                    await _changes(ml, streams)
                finally:
                    stop.set()
            for stream in streams:
                assert {outcomes for version, outcomes in stream.seen if version == "v1.0.0"} == {("approve",) * 2}
                assert {outcomes for version, outcomes in stream.seen if version == "v1.0.1"} == {
                    ("approve", "decline")
                }
                assert len({version for version, _ in stream.seen} - {None, "shipped"}) == 2
            await _says_which(house, one[FRAUD])


async def _changes(ml: Replica, streams: list[Stream]) -> None:
    """Promote a version, and roll it back."""
    version = await ml.registered(CAREFUL)
    for stream in streams:
        await stream.decides_by("v1.0.0")
    for change, wanted in ((ml.promote, version), (ml.roll_back, "v1.0.0")):
        done = (await change(wanted)).document()
        assert (done["unreached"], len(done["replicas"])) == ([], 2), done
        assert all(0 <= row["applied_ms"] < SOON_SECONDS * 1_000 for row in done["replicas"]), done
        for stream in streams:
            await stream.decides_by(wanted)


async def _says_which(house: House, url: str) -> None:
    operator = house.client(url, OPERATOR_KEY)
    health: Any = (await operator.get("/actuator/health")).document()
    assert health["status"] == "UP"
    assert health["components"]["model"]["detail"].startswith("v1.0.0 since ")
    assert 'fraud_model_version{version="v1.0.0"} 1.0' in (await operator.get("/actuator/prometheus")).body.decode()
