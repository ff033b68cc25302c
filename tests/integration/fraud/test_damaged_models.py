"""No damaged model ends a process of ml-service or of fraud-service, by whatever way it came in."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.support.damaged_models import KILLING, Damaged
from tests.support.databases import FreshDatabase
from tests.support.event_log import until
from tests.support.house import House
from tests.support.model_readers import Server, reader
from tests.support.models import LIBRARY, Made, ml_replicas, rows
from tests.support.predictors import Suspecting
from tests.support.scoring import scored
from tests.support.small_service import refused_url
from waqiti.contracts.catalog import FRAUD, ML
from waqiti.contracts.ml import FRAUD_DETECTION
from waqiti.foundation.ids import new_id
from waqiti.scoring.artifact import sha256
from waqiti.services.fraud.service import SERVICE
from waqiti.services.ml.usecases.scoring_workshop import ScoringWorkshop

DAMAGED = KILLING["far away"]


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> House:
    """Databases and credentials of fraud-service and ml-service."""
    return House(tmp_path, fresh_database, (FRAUD, ML))


async def test_what_would_kill_is_not_registered_and_the_registry_lives(house: House) -> None:
    async with ml_replicas(house, workshop=ScoringWorkshop()) as (ml,):
        body = {"model": FRAUD_DETECTION, "artifact": msgspec.to_builtins(DAMAGED.content)}
        answer = await ml.operator.post("/api/model/versions", body)
        assert (answer.status, answer.problem()["code"]) == (422, "invalid_request"), answer
        assert answer.problem()["errors"][0]["pointer"] == "/artifact"
        assert [version for version, _ in await ml.versions()] == ["v1.0.0"]


async def test_of_many_uploads_at_once_two_are_worked_on_and_others_are_asked_to_wait(house: House) -> None:
    async with ml_replicas(house, workshop=ScoringWorkshop()) as (ml,):
        body = {"model": FRAUD_DETECTION, "artifact": msgspec.to_builtins(Suspecting(10_000).content)}
        answers = await asyncio.gather(*(ml.operator.post("/api/model/versions", body) for _ in range(5)))
        assert sorted(answer.status for answer in answers) == [200, 201, 503, 503, 503]
        refused = [answer for answer in answers if answer.status == 503]
        assert {(answer.problem()["code"], answer.headers["retry-after"]) for answer in refused} == {
            ("overloaded", "2")
        }


async def test_a_way_back_to_what_would_kill_is_refused_and_scoring_goes_on(house: House) -> None:
    async with (
        ml_replicas(house, workshop=ScoringWorkshop()) as (ml,),
        house.serving([SERVICE], {ML: ml.url}, WAQITI_REPLICA="fraud-service-1") as addresses,
    ):
        version = await ml.register(Suspecting(10_000))
        await _damage(house, version, DAMAGED)
        for answer in (
            await ml.roll_back(version),
            await ml.promote(version, force=True, reason="It must."),
        ):
            assert (answer.status, answer.problem()["code"]) == (409, "gate_failed"), answer
            assert answer.problem()["errors"][0]["detail"].startswith("loads: ")
        assert await ml.champion() == ("v1.0.0", 1)
        fraud = house.internal_client(addresses[FRAUD], "payment-service")
        items = [msgspec.to_builtins(scored(new_id(), new_id(), 500))]
        assert (await fraud.post("/internal/score", {"items": items})).status == 200


async def test_a_replica_takes_up_no_champion_that_would_kill_it_and_says_so(house: House) -> None:
    async with ml_replicas(house, workshop=ScoringWorkshop()) as (ml,):
        version = await ml.register(Suspecting(10_000))
        assert (await ml.roll_back(version)).status == 200
        await _damage(house, version, DAMAGED)
        async with house.serving([SERVICE], {ML: ml.url}, WAQITI_REPLICA="fraud-service-1") as addresses:
            fraud = house.client(addresses[FRAUD])
            health = ""

            async def refused() -> bool:
                nonlocal health
                health = (await fraud.get("/actuator/health")).document()["components"]["model"]["detail"]
                return "cannot serve it" in health

            async with asyncio.timeout(10):
                while not await refused():
                    await asyncio.sleep(0.02)
            assert f"{version} is in force" in health
            assert "Scoring goes on with shipped" in health


async def test_what_was_tried_under_another_library_is_tried_before_it_is_loaded_and_kept(house: House) -> None:
    server = Server()
    async with ml_replicas(house) as (ml,):
        async with reader(house, ml.url, "fraud-service-1", server=server, library="a newer one") as served:
            await server.serves("v1.0.0")
            assert server.attempted == []
            new = await ml.registered(Made("new"))
            await ml.promote(new)
            await server.serves(new)
            assert server.attempted == ["trained new"]
            await until(lambda: served.follower.described()["version"] == new, "it is served")
        async with reader(house, refused_url(), "fraud-service-1", server=server, library="a newer one"):
            assert server.attempted == ["trained new"]
        async with reader(house, refused_url(), "fraud-service-1", server=server, library="the newest one"):
            assert server.attempted == ["trained new"] * 2


async def test_what_was_tried_under_the_same_library_is_taken_up_at_once(house: House) -> None:
    server = Server()
    async with ml_replicas(house) as (ml,), reader(house, ml.url, "fraud-service-1", server=server, library=LIBRARY):
        new = await ml.registered(Made("new"))
        await ml.promote(new)
        await server.serves(new)
        assert server.attempted == []


async def _damage(house: House, version: str, damaged: Damaged) -> None:
    """Have a version hold other bytes than those that were tried, as one that an older release registered."""
    await rows(
        house,
        "UPDATE models SET artifact = $1, sha256 = $2 WHERE version = $3",
        damaged.content,
        sha256(damaged.content),
        version,
    )
    await rows(house, "UPDATE trials SET library = 'an older one' WHERE version = $1", version)
