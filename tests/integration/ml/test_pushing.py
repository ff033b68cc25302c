"""The champion is pushed to whoever serves it, and a change waits until they do."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.support.house import House
from tests.support.model_readers import reader
from tests.support.models import SHIPPED, Made, Replica, following, mark, ml_replicas, rows
from waqiti.contracts.ml import Mark
from waqiti.services.ml.usecases import pushing

SOON_SECONDS = 1.0


async def elapsed(replica: Replica, known: Mark | None) -> float:
    began = asyncio.get_running_loop().time()
    await replica.follow(known)
    return asyncio.get_running_loop().time() - began


async def known_as(house: House, replica: str, *, count: int = 1, but: Sequence[tuple[object, ...]] = ()) -> None:
    """Wait until ``count`` processes of a replica were heard of, others than ``but``."""
    async with asyncio.timeout(10):
        while len({*await rows(house, "SELECT id FROM readers WHERE replica = $1", replica)} - {*but}) < count:
            await asyncio.sleep(0.01)


async def test_who_knows_another_revision_is_answered_at_once_and_who_knows_it_waits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "WAIT_SECONDS", 0.4)
    async with ml_replicas(house) as (replica,):
        found = await replica.follow(None)
        assert (found["version"], found["revision"]) == ("v1.0.0", 1)
        assert await elapsed(replica, mark(7)) < 0.3
        assert await elapsed(replica, mark(1, Made("other"))) < 0.3
        assert await elapsed(replica, mark(1)) > 0.3


async def test_a_change_through_one_replica_answers_those_who_wait_at_another(house: House) -> None:
    async with ml_replicas(house, 2) as (one, other):
        version = await one.registered(Made("new"))
        waiting = [asyncio.create_task(other.follow(mark(1))) for _ in range(3)]
        await known_as(house, "", count=3)
        promoting = asyncio.create_task(one.promote(version))
        async with asyncio.timeout(SOON_SECONDS):
            assert {(await found)["revision"] for found in waiting} == {2}
        await rows(house, "DELETE FROM readers")
        assert (await promoting).status == 200


async def test_a_change_returns_when_every_live_replica_serves_it(house: House) -> None:
    async with (
        ml_replicas(house, 2) as (one, other),
        reader(house, one.url, "fraud-service-1") as first,
        reader(house, other.url, "fraud-service-2") as second,
    ):
        version = await one.registered(Made("new"))
        for served in (first, second):
            await served.server.serves("v1.0.0")
        for change, wanted, revision in ((one.promote, version, 2), (other.roll_back, "v1.0.0", 3)):
            began = asyncio.get_running_loop().time()
            done = (await change(wanted)).document()
            took = asyncio.get_running_loop().time() - began
            assert took < SOON_SECONDS, took
            assert (done["revision"], done["unreached"]) == (revision, [])
            assert [row["name"] for row in done["replicas"]] == ["fraud-service-1", "fraud-service-2"]
            assert all(0 <= row["applied_ms"] < 1_000 for row in done["replicas"]), done
            for served in (first, second):
                assert served.server.used[-1][0] == wanted
                assert (await served.follower.check()).startswith(f"{wanted} since ")
        again = (await one.roll_back("v1.0.0")).document()
        assert [row["applied_ms"] for row in again["replicas"]] == [0, 0]


async def test_a_replica_that_does_not_take_it_up_is_named_after_a_while(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "PATIENCE_SECONDS", 0.3)
    async with ml_replicas(house) as (replica,):
        version = await replica.registered(Made("new"))
        await replica.fraud.post(
            "/internal/models/champion", following(None, serving=mark(1), replica="fraud-service-9")
        )
        done = (await replica.promote(version)).document()
        assert (done["replicas"], done["unreached"]) == ([], ["fraud-service-9"])


async def test_who_serves_the_revision_of_another_registry_does_not_serve_what_is_in_force(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "PATIENCE_SECONDS", 0.3)
    async with ml_replicas(house) as (replica,):
        for name, made in (("fraud-service-1", SHIPPED), ("fraud-service-2", Made("before the restore"))):
            await replica.fraud.post("/internal/models/champion", following(None, serving=mark(1, made), replica=name))
        done = (await replica.roll_back("v1.0.0")).document()
        assert [row["name"] for row in done["replicas"]] == ["fraud-service-1"]
        assert done["unreached"] == ["fraud-service-2"]


async def test_a_process_that_ended_died_or_was_replaced_is_not_waited_for(house: House) -> None:
    async with ml_replicas(house) as (replica,):
        version = await replica.registered(Made("new"))
        async with reader(house, replica.url, "fraud-service-1"):
            await known_as(house, "fraud-service-1")
        async with reader(house, replica.url, "fraud-service-2", dies=True):
            await known_as(house, "fraud-service-2")
        await replica.follow(None, serving=mark(1))
        await rows(house, "UPDATE readers SET seen_at = seen_at - interval '7 seconds' WHERE replica = ''")
        assert sorted(await rows(house, "SELECT replica FROM readers")) == [("",), ("fraud-service-2",)]

        dead = await rows(house, "SELECT id FROM readers WHERE replica = 'fraud-service-2'")
        async with reader(house, replica.url, "fraud-service-2"):
            await known_as(house, "fraud-service-2", but=dead)
            began = asyncio.get_running_loop().time()
            done = (await replica.promote(version)).document()
            assert [row["name"] for row in done["replicas"]] == ["fraud-service-2"]
            assert done["unreached"] == []
            assert asyncio.get_running_loop().time() - began < SOON_SECONDS


async def test_who_waits_is_answered_at_once_when_the_replica_ends(house: House) -> None:
    async with ml_replicas(house, 2) as (_, other):
        async with ml_replicas(house) as (ending,):
            waiting = asyncio.create_task(ending.follow(mark(1)))
            await known_as(house, "")
            began = asyncio.get_running_loop().time()
        assert (await waiting)["revision"] == 1
        assert asyncio.get_running_loop().time() - began < SOON_SECONDS
        assert (await other.follow(None))["revision"] == 1
