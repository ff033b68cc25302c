"""Webhook endpoints as clients make them."""

import asyncio

import asyncpg
import pytest

from tests.support.house import House
from tests.support.notification_desk import BASE, open_desk
from waqiti.contracts.catalog import NOTIFICATION

URL = "https://shop.example/webhooks"


async def test_an_endpoint_is_shown_without_its_secret(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        made = await desk.endpoint(URL, "payment.captured", "payment.refunded", "payment.captured")
        read = await desk.read(made)
        listed = (await desk.visitor.get(BASE)).document()

        assert made["secret"].startswith("whsec_")
        assert made["events"] == ["payment.captured", "payment.refunded"]
        assert {**read, "secret": made["secret"], "former_secret_until": None} == made
        assert listed == {"data": [read], "next_cursor": None}


async def test_the_same_request_makes_one_endpoint_and_gets_the_same_secret(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        body = {"url": URL, "events": ["*"]}
        first, second = [await desk.visitor.post(BASE, body, idempotency_key="one") for _ in range(2)]
        rotations = [
            await desk.visitor.post(f"{BASE}/{first.document()['id']}/rotate-secret", {}, idempotency_key="two")
            for _ in range(2)
        ]

        assert second.headers["idempotent-replayed"] == "true"
        assert first.document() == second.document()
        assert rotations[0].document() == rotations[1].document() != first.document()
        assert await desk.rows("SELECT count(*) FROM webhook_endpoints") == [(1,)]


async def test_no_secret_stands_in_the_database(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        made = await desk.endpoint(URL)
        rotated = (await desk.act(made, "rotate-secret")).document()
        stored = [await desk.rows("SELECT * FROM webhook_endpoints"), await desk.rows("SELECT * FROM idempotency")]

        for secret in (made["secret"], rotated["secret"]):
            assert secret.removeprefix("whsec_") not in str(stored)
            assert secret.removeprefix("whsec_").encode() not in b"".join(
                value for rows in stored for row in rows for value in row if isinstance(value, bytes)
            )


async def test_there_are_twenty_at_most_however_many_are_asked_for_at_once(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        body = {"url": URL, "events": ["*"]}
        answers = await asyncio.gather(*(desk.visitor.post(BASE, body) for _ in range(24)))
        first = (await desk.visitor.get(f"{BASE}?limit=15")).document()
        rest = (await desk.visitor.get(f"{BASE}?limit=15&cursor={first['next_cursor']}")).document()

        assert sorted(answer.status for answer in answers) == [201] * 20 + [409] * 4
        assert len({one["id"] for one in first["data"] + rest["data"]}) == 20
        assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "ftp://shop.example", "events": ["*"]}, "/url"),
        ({"url": "https://user:word@shop.example", "events": ["*"]}, "/url"),
        ({"url": "http://169.254.169.254/", "events": ["*"]}, "/url"),
        ({"url": URL, "events": []}, "/events"),
        ({"url": URL, "events": ["payment.created"]}, "/events/0"),
    ],
)
async def test_what_makes_no_sense_is_refused_where_it_stands(house: House, body: object, pointer: str) -> None:
    async with open_desk(house, workers=0) as desk:
        problem = (await desk.visitor.post(BASE, body)).problem()

        assert (problem["status"], problem["errors"][0]["pointer"]) == (422, pointer)


async def test_without_private_targets_a_local_address_is_refused_when_it_is_asked_for(house: House) -> None:
    async with open_desk(house, workers=0, variables={"WAQITI_WEBHOOK_PRIVATE_TARGETS": "false"}) as desk:
        for host in ("localhost", "127.0.0.1", "10.1.2.3", "[::1]", "a.localhost"):
            answer = await desk.visitor.post(BASE, {"url": f"http://{host}/", "events": ["*"]})
            assert answer.status == 422, host


async def test_what_is_not_there_is_404_also_under_the_same_key(house: House) -> None:
    async with open_desk(house, workers=0) as desk:
        unknown = {"id": "whe_01k0b2c3d4e5f6g7h8j9kamnpq"}
        for action in (
            "enable",
            "disable",
            "rotate-secret",
            "test",
            "deliveries/dlv_01k0b2c3d4e5f6g7h8j9kamnpq/replay",
        ):
            path = f"{BASE}/{unknown['id']}/{action}"
            answers = [await desk.visitor.post(path, {}, idempotency_key="same") for _ in range(2)]
            assert [answer.status for answer in answers] == [404, 404], action
        assert (await desk.visitor.get(f"{BASE}/{unknown['id']}/deliveries")).status == 404


async def test_the_service_cannot_change_an_event(house: House) -> None:
    connection = await asyncpg.connect(house.databases[NOTIFICATION].url)
    try:
        for statement in (
            "UPDATE events SET type = 'x'",
            "TRUNCATE events",
            "UPDATE delivery_attempts SET error = 'x'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
