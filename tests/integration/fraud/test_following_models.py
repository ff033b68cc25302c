"""fraud-service goes on with the last good model, whatever becomes of ml-service."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import FreshDatabase
from tests.support.event_log import until
from tests.support.house import House
from tests.support.model_readers import Server, reader
from tests.support.models import Made, ml_replicas
from tests.support.small_service import refused_url
from tests.support.tcp_proxy import proxied
from waqiti.contracts.catalog import FRAUD, ML
from waqiti.contracts.ml import FRAUD_DETECTION, Champion
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.telemetry.metrics import samples
from waqiti.services.fraud.store import serving as store
from waqiti.services.fraud.usecases import models
from waqiti.services.fraud.usecases.loading import load
from waqiti.services.ml.usecases import pushing


@pytest.fixture
def house(tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]) -> House:
    """Databases and credentials of fraud-service and ml-service."""
    return House(tmp_path, fresh_database, (FRAUD, ML))


async def test_without_ml_service_the_last_good_model_is_served_and_before_any_the_one_that_ships(
    house: House,
) -> None:
    async with reader(house, refused_url(), "fraud-service-1") as alone:
        assert alone.server.used == [("shipped", "trained shipped")]
    async with ml_replicas(house) as (replica,), reader(house, replica.url, "fraud-service-1") as served:
        await served.server.serves("v1.0.0")
        assert served.server.used == [("shipped", "trained shipped"), ("v1.0.0", "trained shipped")]
        done = (await replica.promote(await replica.registered(Made("new")))).document()
        assert [row["name"] for row in done["replicas"]] == ["fraud-service-1"]
    async with reader(house, refused_url(), "fraud-service-1") as alone:
        assert alone.server.used == [("v1.0.1", "trained new")]
        assert alone.follower.described()["revision"] == 2


async def test_an_outage_is_said_once_and_shown_in_health_until_it_is_over(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_AWAY_SECONDS", 0.05)
    monkeypatch.setattr(pushing, "PATIENCE_SECONDS", 0.5)
    async with (
        ml_replicas(house) as (replica,),
        proxied(replica.url) as (url, proxy),
        reader(house, url, "fraud-service-1") as served,
    ):
        await served.server.serves("v1.0.0")
        await proxy.refuse()
        await until(lambda: not served.follower.described()["followed"], "the outage is seen")
        with pytest.raises(Problem, match=r"Scoring goes on with v1\.0\.0"):
            await served.follower.check()
        version = await replica.registered(Made("new"))
        assert (await replica.promote(version)).document()["unreached"] == ["fraud-service-1"]
        await proxy.start()
        await served.server.serves(version)
        assert (await served.follower.check()).startswith(f"{version} since ")
    said = capsys.readouterr().out
    assert said.count("models_not_followed") == 1
    assert said.count("models_followed_again") == 1


async def test_what_a_release_cannot_serve_leaves_what_there_is_and_the_next_one_is_served(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "PATIENCE_SECONDS", 0.5)
    server = Server()
    server.unloadable = {"trained new"}
    async with (
        ml_replicas(house) as (replica,),
        reader(house, replica.url, "fraud-service-1", server=server) as served,
    ):
        await server.serves("v1.0.0")
        new = await replica.registered(Made("new"))
        newer = await replica.registered(Made("newer"), champion=new)
        done = (await replica.promote(new)).document()
        assert (done["replicas"], done["unreached"]) == ([], ["fraud-service-1"])
        with pytest.raises(Problem, match=rf"{new} is in force, and .* Scoring goes on with v1\.0\.0"):
            await served.follower.check()
        told: Any = served.follower.described()
        assert (told["version"], told["refused"]["version"], told["refused"]["revision"]) == ("v1.0.0", new, 2)
        assert refused() == {new: 1.0}
        assert (await replica.promote(newer)).document()["unreached"] == []
        assert [version for version, _ in server.used] == ["shipped", "v1.0.0", newer]
        assert (await served.follower.check()).startswith(f"{newer} since ")
        assert "refused" not in served.follower.described()
        assert refused() == {}


async def test_a_registry_that_began_anew_is_followed(
    house: House, fresh_database: Callable[[str], FreshDatabase]
) -> None:
    async with ml_replicas(house) as (replica,), reader(house, replica.url, "fraud-service-1") as served:
        await served.server.serves("v1.0.0")
        await replica.promote(await replica.registered(Made("new")))
    house.databases[ML] = fresh_database(ML)
    async with ml_replicas(house) as (replica,), reader(house, replica.url, "fraud-service-1") as served:
        assert served.server.used == [("v1.0.1", "trained new")]
        await served.server.serves("v1.0.0")
        assert (await replica.roll_back("v1.0.0")).document()["unreached"] == []
    async with reader(house, refused_url(), "fraud-service-1") as alone:
        assert alone.server.used == [("v1.0.0", "trained shipped")]


@pytest.mark.parametrize("usable", [True, False])
async def test_a_revision_that_is_another_version_after_a_restore_is_not_taken_for_the_one_before(
    house: House, fresh_database: Callable[[str], FreshDatabase], monkeypatch: pytest.MonkeyPatch, usable: bool
) -> None:
    monkeypatch.setattr(models, "_AWAY_SECONDS", 0.05)
    monkeypatch.setattr(pushing, "PATIENCE_SECONDS", 0.2)
    server = Server()
    server.unloadable = set() if usable else {"trained new"}
    async with (
        ml_replicas(house) as (before,),
        proxied(before.url) as (url, proxy),
        reader(house, url, "fraud-service-1", server=server) as served,
    ):
        await server.serves("v1.0.0")
        await before.promote(await before.registered(Made("new")))
        house.databases[ML] = fresh_database(ML)
        async with ml_replicas(house) as (restored,):
            await restored.promote(await restored.registered(Made("other")))
            await proxy.turn(restored.url)
            await until(lambda: server.used[-1] == ("v1.0.1", "trained other"), "the other version is served")
            assert (await restored.roll_back("v1.0.1")).document()["unreached"] == []
            assert (await served.follower.check()).startswith("v1.0.1 since ")


def refused() -> dict[str, float]:
    """Return which versions are exported as refused."""
    return {one.labels["version"]: one.value for one in samples() if one.name == "fraud_model_refused"}


async def test_a_replica_that_is_slow_to_store_does_not_bring_back_what_was_before(house: House) -> None:
    first = Champion(model=FRAUD_DETECTION, revision=1, version="v1.0.0", sha256="0" * 64, since=utc_now())
    later = first.since + timedelta(seconds=1)
    second = Champion(model=FRAUD_DETECTION, revision=2, version="v1.0.1", sha256="1" * 64, since=later)
    database = await Database.open(house.databases[FRAUD].url, name=FRAUD)
    async with database.connection() as connection:
        for champion in (first, second, first):
            await store.keep(connection, champion, champion.version.encode(), "json")
        assert await store.read(connection, FRAUD_DETECTION) == store.Kept(
            2, "v1.0.1", "1" * 64, later, b"v1.0.1", "json"
        )
    await database.close()


def test_what_is_no_model_cannot_be_served() -> None:
    with pytest.raises(models.UnusableModel, match="not a model artifact"):
        load(b"no model")
