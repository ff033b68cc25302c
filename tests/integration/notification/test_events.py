"""Events for the outside: kept once, listed, forgotten."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from tests.integration.notification import killed_follower
from tests.support.house import House
from tests.support.killing import kill_at_every_suspension
from tests.support.notification_desk import Desk, eventually, open_desk, types
from tests.support.payment_results import result_of
from waqiti.contracts import prefixes
from waqiti.contracts.catalog import NOTIFICATION, PAYMENT
from waqiti.contracts.payment import PAYMENT_RESULTS, Status, event_id
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.events import NewEvent
from waqiti.foundation.ids import encode, first_id, new_id
from waqiti.services.notification.service import SERVICE
from waqiti.services.notification.usecases.sweeping import measure, sweep

COUNT = "SELECT count(*) FROM events"
LEFT = """
SELECT id FROM events UNION ALL SELECT id FROM deliveries UNION ALL SELECT delivery_id FROM delivery_attempts
"""
STATUSES: tuple[Status, ...] = ("authorized", "captured", "partially_refunded", "partially_refunded", "refunded")


async def kept(desk: Desk, count: int) -> None:
    await eventually(lambda: desk.rows(COUNT), lambda found: found == [(count,)])


async def test_each_status_that_a_client_cares_about_is_one_event_newest_first(house: House) -> None:
    async with open_desk(house) as desk:
        payment, other, now = new_id(), new_id(), utc_now()
        told = [result_of(payment, status, at=now + timedelta(seconds=n)) for n, status in enumerate(STATUSES)]
        await desk.results.append(result_of(payment, "screening"), *told, result_of(other, "declined"))
        await kept(desk, 6)
        listed = (await desk.visitor.get("/v1/events")).document()["data"]
        of_one = (await desk.visitor.get(f"/v1/events?payment={encode(prefixes.PAYMENT, payment)}")).document()["data"]
        refunds = (await desk.visitor.get("/v1/events?type=payment.partially_refunded&limit=1")).document()

        assert types(of_one) == [f"payment.{status}" for status in reversed(STATUSES)]
        assert len(listed) == 6
        assert [event for event in listed if event in of_one] == of_one
        assert types(refunds["data"]) == ["payment.partially_refunded"]
        assert refunds["next_cursor"] is not None
        following = (
            await desk.visitor.get(f"/v1/events?type=payment.partially_refunded&cursor={refunds['next_cursor']}")
        ).document()
        assert types(following["data"]) == ["payment.partially_refunded"]
        assert following["data"][0]["id"] != refunds["data"][0]["id"]
        assert following["next_cursor"] is None


async def test_pages_hold_every_event_once(house: House) -> None:
    async with open_desk(house) as desk:
        await desk.results.append(*(result_of(new_id(), "captured") for _ in range(25)))
        await kept(desk, 25)
        seen, cursor = [], ""
        while True:
            page = (await desk.visitor.get(f"/v1/events?limit=10{cursor}")).document()
            seen += [event["id"] for event in page["data"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"

        assert len(seen) == len(set(seen)) == 25


async def test_wrong_filters_are_refused(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        for query in ("?type=payment.created", "?payment=wal_1", "?cursor=x", "?limit=0"):
            assert (await desk.visitor.get(f"/v1/events{query}")).status == 422, query


async def test_what_is_no_result_is_put_aside_and_the_rest_goes_on(house: House) -> None:
    async with open_desk(house) as desk:
        poison = NewEvent(PAYMENT_RESULTS, "key", "payment.captured", new_id(), b'{"no": "result"}')
        await desk.results.append(poison, result_of(new_id(), "captured"))
        await kept(desk, 1)

        assert await desk.rows("SELECT subject FROM eventlog.dead_letters") == [(poison.subject,)]


async def test_what_is_read_again_is_the_same_event_and_is_not_sent_again(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        await desk.endpoint("http://127.0.0.1:1/")
        payment = new_id()
        await desk.results.append(result_of(payment, "captured"))
        async with house.serving([SERVICE], role="worker"):
            await kept(desk, 1)
        first = await desk.rows("SELECT id FROM events")
        await desk.rows('UPDATE eventlog.marks SET "offset" = 0')
        await desk.results.append(result_of(new_id(), "captured"))
        async with house.serving([SERVICE], role="worker"):
            await kept(desk, 2)

        (partition,) = await _partitions(house, payment)
        assert first == [(event_id(payment, PAYMENT_RESULTS, partition, 0),)]
        assert await desk.rows("SELECT count(*) FROM deliveries") == [(2,)]


async def test_every_event_is_kept_once_wherever_the_one_who_keeps_it_is_killed(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        await desk.endpoint("http://127.0.0.1:1/", "payment.captured")
        await desk.results.append(*(result_of(new_id(), "captured") for _ in range(40)))
        await desk.results.append(*(result_of(new_id(), "failed") for _ in range(10)))
        urls = (house.databases[NOTIFICATION].url, house.databases[PAYMENT].reader_url(NOTIFICATION))
        kills = await kill_at_every_suspension(killed_follower, killed_follower.Orders(*urls))
        async with house.serving([SERVICE], role="worker"):
            await kept(desk, 50)

        assert kills > 5
        assert await desk.rows("SELECT count(*), count(DISTINCT event_id) FROM deliveries") == [(40, 40)]


async def test_what_is_older_than_thirty_days_is_forgotten(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        now, database = utc_now(), await Database.open(house.databases[NOTIFICATION].url, name=NOTIFICATION)
        endpoint = await desk.endpoint("http://127.0.0.1:1/")
        delivery = (
            "INSERT INTO deliveries (id, event_id, event_type, endpoint_id, next_at) VALUES ($1, $1, 't', $1, now())"
        )
        attempt = "INSERT INTO delivery_attempts (delivery_id, number, at, took_ms) VALUES ($1, 1, now(), 0)"
        event = "INSERT INTO events (id, subject, created_at, type, data) VALUES ($1, $1, $2, 'payment.captured', '{}')"
        for days in (29, 31):
            identifier = first_id(now - timedelta(days=days))
            await desk.rows(event, identifier, now - timedelta(days=days))
            await desk.rows(delivery, identifier)
            await desk.rows(attempt, identifier)
        assert not await sweep(database)
        await measure(database)
        await database.close()

        young = first_id(now - timedelta(days=29))
        assert await desk.rows(LEFT) == [(young,)] * 3
        assert (await desk.read(endpoint))["status"] == "enabled"


async def _partitions(house: House, payment: UUID) -> list[int]:
    connection = await asyncpg.connect(house.databases[PAYMENT].admin_url)
    rows = await connection.fetch("SELECT partition FROM eventlog.events WHERE subject = $1", payment)
    await connection.close()
    return [row["partition"] for row in rows]
