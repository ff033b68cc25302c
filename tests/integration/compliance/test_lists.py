"""Lists that are loaded while replicas serve: each takes them up within a second, and screens by them from then on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tests.integration.compliance import killed_loader
from tests.support.databases import FreshDatabase
from tests.support.house import House, Visitor
from tests.support.killing import kill_at_every_suspension
from waqiti.contracts.catalog import COMPLIANCE
from waqiti.foundation.database import Database
from waqiti.services.compliance.domain.lists import SourceList, together
from waqiti.services.compliance.domain.screening import Entry, ListError
from waqiti.services.compliance.domain.shrinking import ListShrinks, ListSize, Shrinkage
from waqiti.services.compliance.service import SERVICE, shipped_source
from waqiti.services.compliance.usecases import lists as use

DEADLINE_SECONDS = 10.0
FIRST = SourceList.from_entries("ofac", [Entry("OFAC-1", "QUILLON, Vandella Maris", ("Vandela Quillón",))])
SECOND = SourceList.from_entries(
    "ofac",
    [Entry("OFAC-1", "QUILLON, Vandella Maris"), Entry("OFAC-2", "ORVANTHI, Tamsin", ("Orvanti",), "individual")],
)
MANY = SourceList.from_entries(
    "ofac", [Entry(f"OFAC-{n}", f"ZORB{n}, Quenvik", (f"Zorb {n}",)) for n in range(1, 3_500)]
)


def quiet(_done: int, _of: int) -> None:
    """Tell nobody how far it is."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url, name=COMPLIANCE)
    try:
        yield database
    finally:
        await database.close()


async def rows(url: str, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    found = await connection.fetch(query)
    await connection.close()
    return [tuple(row) for row in found]


async def served(visitor: Visitor) -> Any:
    return (await visitor.get("/actuator/info")).document()["parts"]["lists"]


async def status_of(visitor: Visitor, name: str) -> Any:
    return (await visitor.post("/v1/customers", {"name": name, "country": "DE"})).document()["status"]


async def becomes(read: Callable[[], Any], expected: object) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while (found := await read()) != expected:
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(0.02)


async def test_every_replica_serves_a_list_once_loading_it_has_returned(house: House) -> None:
    async with (
        opened(house.databases[COMPLIANCE].url) as database,
        house.serving([SERVICE]) as one,
        house.serving([SERVICE], role="api") as other,
    ):
        visitors = [house.client(addresses[COMPLIANCE]) for addresses in (one, other)]
        assert [await status_of(visitor, "Vandella Quillon") for visitor in visitors] == ["active", "active"]
        for new in (FIRST, SECOND):
            await use.load(database, new, quiet)
            began = asyncio.get_running_loop().time()
            readers, unreached = await use.wait_for_readers(database, shipped_source(), set, seconds=10)
            assert (len(readers), unreached) == (2, [])
            assert asyncio.get_running_loop().time() - began < 3
            version = together([shipped_source(), new]).version
            for visitor in visitors:
                found = await served(visitor)
                assert found["version"] == version
                assert {"source": "ofac", "version": new.of.version} in found["sources"]
                health = (await visitor.get("/actuator/health")).document()
                assert health["components"]["lists"] == {"status": "UP"}

        for visitor in visitors:
            assert await status_of(visitor, "Vandella Maris Quillon") == "blocked"
            assert await status_of(visitor, "Quilon Vandella Maris") == "in_review"
            assert await status_of(visitor, "Tamsin Orvanthi") == "blocked"
            assert await status_of(visitor, "Zorblat Quenvik") == "blocked"
            assert await status_of(visitor, "Ann Example") == "active"


async def test_those_who_are_customers_already_are_screened_by_a_new_list(house: House) -> None:
    url = house.databases[COMPLIANCE].url
    async with opened(url) as database, house.serving([SERVICE]) as addresses:
        visitor = house.client(addresses[COMPLIANCE])
        for name in ("Vandella Maris Quillon", "Vandella Quillon", "Ann Example"):
            assert await status_of(visitor, name) == "active"
        await use.load(database, FIRST, quiet)
        standing = "SELECT name, status FROM customers ORDER BY id"
        expected = [("Vandella Maris Quillon", "blocked"), ("Vandella Quillon", "in_review"), ("Ann Example", "active")]
        await becomes(lambda: rows(url, standing), expected)
        assert await rows(url, "SELECT count(*) FROM freezes") == [(1,)]
        versions = await rows(url, "SELECT DISTINCT screening_version FROM customers")
        assert versions == [(together([shipped_source(), FIRST]).version,)]


async def test_a_replica_that_starts_later_serves_what_was_loaded_before(house: House) -> None:
    async with opened(house.databases[COMPLIANCE].url) as database:
        await use.load(database, FIRST, quiet)
        assert await use.wait_for_readers(database, shipped_source(), set, seconds=0) == ([], [])
    async with house.serving([SERVICE], role="api") as addresses:
        assert await status_of(house.client(addresses[COMPLIANCE]), "Vandella Maris Quillon") == "blocked"


async def test_whoever_does_not_take_a_list_up_is_named(house: House) -> None:
    async with opened(house.databases[COMPLIANCE].url) as database, house.serving([SERVICE], role="api"):

        def running() -> set[tuple[str, str]]:
            return {("compliance-service-7", "worker")}

        await use.load(database, FIRST, quiet)
        readers, unreached = await use.wait_for_readers(database, shipped_source(), running, seconds=2)
        assert len(readers) == 1
        assert unreached == ["compliance-service-7 worker"]


async def test_a_replica_without_any_list_is_not_ready_and_screens_nobody(house: House) -> None:
    url = house.databases[COMPLIANCE].admin_url
    await rows(url, "INSERT INTO lists_in_use (source, version) VALUES ('ofac', 'nowhere')")
    async with house.serving([SERVICE], role="api") as addresses:
        visitor = house.client(addresses[COMPLIANCE])
        health = await visitor.get("/actuator/health")
        assert (health.status, health.document()["components"]["lists"]["status"]) == (503, "DOWN")
        answer = await visitor.post("/v1/customers", {"name": "Ann Example", "country": "DE"})
        assert (answer.status, answer.problem()["code"]) == (503, "dependency_unavailable")
        assert await rows(url, "SELECT count(*) FROM customers") == [(0,)]

        await rows(url, "DELETE FROM lists_in_use")
        await becomes(lambda: status_of_health(visitor), 200)
        assert await status_of(visitor, "Ann Example") == "active"


async def status_of_health(visitor: Visitor) -> int:
    return (await visitor.get("/actuator/health")).status


@pytest.mark.timeout(120)
async def test_a_load_that_was_killed_left_nothing_and_is_done_again(
    fresh_database: Callable[[str], FreshDatabase],
) -> None:
    fresh = fresh_database(COMPLIANCE)
    async with opened(fresh.url) as database:
        await use.load(database, FIRST, quiet)
        kills = await kill_at_every_suspension(killed_loader, killed_loader.Orders(fresh.url, MANY, 60))
        assert kills > 5
        assert await rows(fresh.url, "SELECT source, version, entry_count FROM lists") == [
            ("ofac", MANY.of.version, 3_499)
        ]
        assert await rows(fresh.url, "SELECT count(*), count(DISTINCT version) FROM list_entries") == [(3_499, 1)]
        async with database.connection() as connection:
            loaded = await use.read_loaded(connection)
        assert loaded == [MANY]


@pytest.mark.timeout(120)
async def test_until_a_load_commits_the_list_before_is_in_use_and_whole(
    fresh_database: Callable[[str], FreshDatabase],
) -> None:
    fresh = fresh_database(COMPLIANCE)
    async with opened(fresh.url) as database:
        await use.load(database, FIRST, quiet)
        seen: list[list[SourceList]] = []

        async def look() -> None:
            async with database.connection() as connection:
                seen.append(await use.read_loaded(connection))

        looks: list[asyncio.Task[None]] = []
        await use.load(database, MANY, lambda _done, _of: looks.append(asyncio.create_task(look())))
        await asyncio.gather(*looks)
        assert len(looks) == 4
        assert all(one in ([FIRST], [MANY]) or not one[0].is_whole for one in seen)
        with pytest.raises(ListError):
            use.build([SourceList(FIRST.of, MANY.entries)])


async def test_the_same_list_again_changes_nothing_and_its_predecessor_may_come_back(
    fresh_database: Callable[[str], FreshDatabase],
) -> None:
    fresh = fresh_database(COMPLIANCE)
    async with opened(fresh.url) as database:
        for new in (FIRST, FIRST, SECOND, FIRST):
            await use.load(database, new, quiet, lambda _shrinks: None)
            async with database.connection() as connection:
                assert await use.read_loaded(connection) == [new]
        found, _ = await use.overview(database, shipped_source())
        assert [(one.source, one.entry_count, one.name_count, one.in_use) for one in found] == [
            ("invented", 60, 127, True),
            ("ofac", 1, 2, True),
        ]


async def test_a_list_that_shrinks_leaves_the_one_in_use_until_somebody_accepts_it(
    fresh_database: Callable[[str], FreshDatabase],
) -> None:
    fresh = fresh_database(COMPLIANCE)
    accepted: list[Shrinkage] = []
    async with opened(fresh.url) as database:
        await use.load(database, MANY, quiet)
        cut = SourceList.from_entries("ofac", MANY.entries[:200])
        nameless = SourceList.from_entries("ofac", [Entry(one.reference, one.name) for one in MANY.entries])
        for new in (cut, nameless):
            with pytest.raises(ListShrinks):
                await use.load(database, new, quiet)
            async with database.connection() as connection:
                assert await use.read_loaded(connection) == [MANY]

        await use.load(database, cut, quiet, accepted.append)
        async with database.connection() as connection:
            assert await use.read_loaded(connection) == [cut]
        assert accepted == [Shrinkage(cut.of, ListSize(3_499, 6_998), ListSize(200, 400))]
