"""Kill -9 of whoever delivers, at every point where it waits for something."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import killed_deliverer
from tests.support.databases import FreshDatabase
from tests.support.house import House
from tests.support.killing import kill_at_every_suspension
from tests.support.notification_desk import eventually, open_desk
from tests.support.payment_results import result_of
from tests.support.receiver import Receiver
from waqiti.contracts import prefixes
from waqiti.contracts.catalog import NOTIFICATION, PAYMENT
from waqiti.foundation.ids import encode, new_id
from waqiti.services.notification.service import SERVICE

EVENTS = 4 * killed_deliverer.MOST_SUSPENSIONS
MORE_EVENTS = """
INSERT INTO events SELECT n, e.subject, e.created_at, e.type, e.data FROM unnest($1::uuid[]) AS n, events AS e
"""
THEIR_DELIVERIES = """
INSERT INTO deliveries (id, event_id, event_type, endpoint_id, next_at)
SELECT n.id, e.id, e.type, $2, now()
FROM unnest($1::uuid[]) WITH ORDINALITY AS n (id, number)
JOIN (
    SELECT id, type, row_number() OVER () AS number FROM events WHERE id NOT IN (SELECT event_id FROM deliveries)
) AS e USING (number)
"""


@pytest.mark.timeout(120)
async def test_every_event_arrives_wherever_the_one_who_sends_it_is_killed(
    tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]
) -> None:
    house = House(tmp_path, fresh_database, (NOTIFICATION, PAYMENT))
    async with open_desk(house, workers=0) as desk, Receiver().running() as receiver:
        made = await desk.endpoint(receiver.url)
        async with house.serving([SERVICE], role="worker"):
            await desk.results.append(result_of(new_id(), "captured"))
            await receiver.has(1)
        (endpoint_id,) = (await desk.rows("SELECT id FROM webhook_endpoints"))[0]
        await desk.rows(MORE_EVENTS, [new_id() for _ in range(EVENTS)])
        await desk.rows(THEIR_DELIVERIES, [new_id() for _ in range(EVENTS)], endpoint_id)
        orders = killed_deliverer.Orders(house.databases[NOTIFICATION].url, base64.b64encode(bytes(32)).decode())
        kills = await kill_at_every_suspension(killed_deliverer, orders)
        cut_off = await desk.rows("SELECT id FROM deliveries WHERE lease IS NOT NULL")
        await desk.rows("DELETE FROM deliveries WHERE next_at IS NOT NULL AND lease IS NULL")
        # As time does when a lease ends.
        await desk.rows("UPDATE deliveries SET next_at = now() WHERE next_at IS NOT NULL")
        expected = {encode(prefixes.EVENT, row[0]) for row in await desk.rows("SELECT event_id FROM deliveries")}
        async with house.serving([SERVICE], role="worker"):
            left = "SELECT count(*) FROM deliveries WHERE status <> 'delivered'"
            await eventually(lambda: desk.rows(left), lambda found: found == [(0,)])

        assert kills > 10
        assert cut_off != [], "some were killed while they sent"
        assert set(receiver.ids) == expected
        assert len(receiver.ids) <= len(expected) + len(cut_off)
        assert (await desk.read(made))["status"] == "enabled"
