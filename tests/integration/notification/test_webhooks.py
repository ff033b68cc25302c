"""Webhooks as their receivers see them."""

import asyncio
import time

import pytest

from tests.support.house import House
from tests.support.notification_desk import BASE, Desk, eventually, open_desk
from tests.support.payment_results import result_of
from tests.support.receiver import Receiver
from tests.support.scripted_server import Exchange
from waqiti.contracts import prefixes
from waqiti.foundation.ids import encode, new_id
from waqiti.foundation.security.webhooks import verify_signature
from waqiti.services.notification.domain.deliveries import Answer
from waqiti.services.notification.usecases.sending import Sender


async def test_an_event_arrives_once_and_signed_and_the_delivery_says_so(house: House) -> None:
    async with open_desk(house) as desk, Receiver().running() as receiver:
        endpoint = await desk.endpoint(receiver.url, "payment.captured")
        payment = new_id()
        await desk.results.append(
            result_of(payment, "authorized"),
            result_of(payment, "captured", captured=1_000),
            result_of(payment, "screening"),
        )
        (message,) = await receiver.has(1)
        (delivery,) = await desk.ended(endpoint)

        verify_signature(endpoint["secret"], message.headers, message.body)
        event = message.document()
        assert event == (await desk.visitor.get(f"/v1/events/{message.id}")).document()
        assert (event["id"], event["type"]) == (message.id, "payment.captured")
        assert event["data"] == {
            "payment_id": encode(prefixes.PAYMENT, payment),
            "status": "captured",
            "amount": 1_000,
            "currency": "EUR",
            "amount_captured": 1_000,
            "amount_refunded": 0,
            "from_wallet": encode(prefixes.WALLET, payment),
            "to_wallet": encode(prefixes.WALLET, payment),
            "failure_code": None,
        }
        assert (message.path, message.headers["content-type"]) == ("/webhooks?from=waqiti", "application/json")
        assert (delivery["status"], delivery["event_id"]) == ("delivered", message.id)
        assert [(one["number"], one["status_code"], one["error"]) for one in delivery["attempts"]] == [(1, 204, None)]
        assert delivery["next_attempt_at"] is None


async def test_a_failed_attempt_is_made_again_with_the_same_id_and_body(house: House) -> None:
    async with open_desk(house) as desk, Receiver(500, 200).running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        await desk.results.append(result_of(new_id(), "captured"))
        waiting = await desk.attempted(endpoint, 1)
        await desk.hurry()
        await receiver.has(2)
        (delivery,) = await desk.ended(endpoint)

        assert (waiting["status"], waiting["attempts"][0]["status_code"]) == ("pending", 500)
        assert waiting["next_attempt_at"] is not None
        assert [one["status_code"] for one in delivery["attempts"]] == [500, 200]
        first, second = receiver.messages
        assert (first.id, first.body) == (second.id, second.body)


async def test_a_receiver_that_does_not_answer_in_time_is_an_attempt_that_failed(house: House) -> None:
    async def silent(_exchange: Exchange, _number: int) -> None:
        await asyncio.sleep(60)

    hurried = open_desk(house, variables={"WAQITI_WEBHOOK_TIMEOUT_SECONDS": "0.2"})
    async with hurried as desk, Receiver(answering=silent).running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        await desk.act(endpoint, "test")
        (attempt,) = (await desk.attempted(endpoint, 1))["attempts"]

        assert (attempt["error"], attempt["status_code"], attempt["answer"]) == ("timeout", None, None)
        assert 150 < attempt["took_ms"] < 2_000


async def test_nothing_that_listens_nowhere_or_lies_is_taken_for_an_answer(house: House) -> None:
    async def nonsense(exchange: Exchange, _number: int) -> None:
        exchange.writer.write(b"220 smtp.example ready\r\n")
        await exchange.writer.drain()
        exchange.writer.close()

    async with open_desk(house) as desk, Receiver(answering=nonsense).running() as liar:
        for url, code in (("http://127.0.0.1:1/", "connection_failed"), (liar.url, "unreadable_answer")):
            endpoint = await desk.endpoint(url)
            await desk.act(endpoint, "test")
            assert (await desk.attempted(endpoint, 1))["attempts"][0]["error"] == code


async def test_a_redirect_is_not_followed(house: House) -> None:
    async with Receiver().running() as elsewhere:

        async def redirect(exchange: Exchange, _number: int) -> None:
            exchange.answer(b"", 307, f"location: {elsewhere.url}")

        async with open_desk(house) as desk, Receiver(answering=redirect).running() as receiver:
            endpoint = await desk.endpoint(receiver.url)
            await desk.act(endpoint, "test")
            (attempt,) = (await desk.attempted(endpoint, 1))["attempts"]

            assert (attempt["status_code"], attempt["error"]) == (307, "redirect")
            assert elsewhere.messages == []


async def test_a_receiver_that_is_gone_is_sent_nothing_more(house: House) -> None:
    async with open_desk(house) as desk, Receiver(410).running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        await desk.results.append(result_of(new_id(), "captured"))
        (delivery,) = await desk.ended(endpoint)
        now = await desk.read(endpoint)
        await desk.results.append(result_of(new_id(), "captured"))
        await eventually(lambda: desk.rows("SELECT count(*) FROM events"), lambda found: found == [(2,)])

        assert delivery["status"] == "failed"
        assert (now["status"], now["disabled_reason"]) == ("disabled", "gone")
        assert len(await desk.deliveries(endpoint)) == 1
        assert (await desk.act(endpoint, "enable")).document()["status"] == "enabled"


async def test_an_endpoint_where_nothing_has_arrived_for_three_days_is_disabled(house: House) -> None:
    failing = (
        "UPDATE webhook_endpoints SET failing_since = now() - interval '5 days', failed_at = now() - interval '5 days'"
    )
    async with open_desk(house) as desk, Receiver(500, 500, 200, 500).running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        await desk.rows(failing)
        await desk.act(endpoint, "test")
        await desk.attempted(endpoint, 1)
        assert (await desk.read(endpoint))["status"] == "enabled", "the last failure was too long ago: a new streak"

        await desk.rows("UPDATE webhook_endpoints SET failing_since = now() - interval '73 hours'")
        await desk.act(endpoint, "test")
        disabled = await eventually(lambda: desk.read(endpoint), lambda found: found["status"] == "disabled")
        assert disabled["disabled_reason"] == "failing"

        await desk.act(endpoint, "enable")
        await desk.act(endpoint, "test")
        await receiver.has(3)
        await eventually(
            lambda: desk.rows("SELECT failing_since FROM webhook_endpoints"), lambda found: found == [(None,)]
        )


async def test_a_delivery_is_sent_again_on_request_under_the_same_id(house: House) -> None:
    async with open_desk(house) as desk, Receiver().running() as receiver:
        endpoint, other = (
            await desk.endpoint(receiver.url, "payment.failed"),
            await desk.endpoint(receiver.url, "payment.refunded"),
        )
        await desk.results.append(result_of(new_id(), "failed", failure_code="insufficient_funds"))
        (first,) = await desk.ended(endpoint)
        answer = await desk.act(endpoint, f"deliveries/{first['id']}/replay")
        again, former = await desk.ended(endpoint, 2)

        assert answer.status == 202
        assert answer.document()["id"] == again["id"] != first["id"] == former["id"]
        assert receiver.ids == [first["event_id"]] * 2
        assert receiver.messages[0].document()["data"]["failure_code"] == "insufficient_funds"
        assert (await desk.act(other, f"deliveries/{first['id']}/replay")).status == 404


async def test_a_slow_endpoint_has_four_at_once_and_holds_up_no_other(house: House) -> None:
    release = asyncio.Event()

    async def slow(exchange: Exchange, _number: int) -> None:
        await release.wait()
        exchange.answer(b"", 204)

    async with open_desk(house) as desk, Receiver(answering=slow).running() as stuck, Receiver().running() as quick:
        await desk.endpoint(stuck.url)
        await desk.endpoint(quick.url)
        await desk.results.append(*(result_of(new_id(), "captured") for _ in range(30)))
        await quick.has(30)
        seen = len(stuck.messages)
        release.set()
        await stuck.has(30)

        assert seen == 4
        assert stuck.most_at_once == 4
        assert sorted(stuck.ids) == sorted(quick.ids)
        assert len(set(quick.ids)) == 30


async def test_an_endpoint_that_is_away_is_only_tried_and_gets_all_once_it_is_back(house: House) -> None:
    back = asyncio.Event()

    async def away(exchange: Exchange, _number: int) -> None:
        exchange.answer(b"", 204 if back.is_set() else 500)

    async with open_desk(house) as desk, Receiver(answering=away).running() as receiver:
        await desk.endpoint(receiver.url)
        await desk.results.append(*(result_of(new_id(), "captured") for _ in range(40)))
        await receiver.has(8)
        await looked_twice(desk)
        tried = len(receiver.messages)
        back.set()
        await desk.hurry()
        left = "SELECT count(*) FROM deliveries WHERE status <> 'delivered'"
        await eventually(lambda: desk.rows(left), lambda found: found == [(0,)])

        assert tried <= 10, "four at once, twice; then it rests, and is tried one by one"
        assert len(set(receiver.ids)) == 40


async def test_several_workers_deliver_each_event_once(house: House) -> None:
    async with open_desk(house, workers=3) as desk, Receiver().running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        for _ in range(10):
            await desk.results.append(*(result_of(new_id(), "captured") for _ in range(10)))
        await receiver.has(100)
        await eventually(
            lambda: desk.rows("SELECT status, count(*) FROM deliveries GROUP BY 1"),
            lambda found: found == [("delivered", 100)],
        )

        assert len(set(receiver.ids)) == len(receiver.ids) == 100
        assert len(await desk.deliveries(endpoint, "?status=delivered&limit=100")) == 100


async def test_after_a_rotation_both_secrets_verify_for_a_day(house: House) -> None:
    async with open_desk(house) as desk, Receiver().running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        rotated = (await desk.act(endpoint, "rotate-secret")).document()
        await desk.act(endpoint, "test")
        (message,) = await receiver.has(1)
        await desk.rows("UPDATE webhook_endpoints SET former_until = now()")
        await desk.act(endpoint, "test")
        _, later = await receiver.has(2)

        assert rotated["secret"] != endpoint["secret"]
        assert rotated["former_secret_until"] is not None
        for secret in (endpoint["secret"], rotated["secret"]):
            verify_signature(secret, message.headers, message.body)
        assert len(message.headers["webhook-signature"].split(" ")) == 2
        assert len(later.headers["webhook-signature"].split(" ")) == 1
        verify_signature(rotated["secret"], later.headers, later.body)


async def test_a_test_is_sent_and_is_no_event_of_the_platform(house: House) -> None:
    async with open_desk(house) as desk, Receiver().running() as receiver:
        endpoint = await desk.endpoint(receiver.url, "payment.refunded")
        assert (await desk.act(endpoint, "test")).status == 202
        (message,) = await receiver.has(1)

        assert message.document()["type"] == "webhook.test"
        assert message.document()["data"] == {"endpoint_id": endpoint["id"]}
        assert (await desk.visitor.get("/v1/events")).document()["data"] == []
        assert (await desk.visitor.get(f"/v1/events/{message.id}")).status == 404


async def test_what_waited_at_a_disabled_endpoint_is_sent_once_it_is_enabled(house: House) -> None:
    async with open_desk(house) as desk, Receiver(500).running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        await desk.results.append(result_of(new_id(), "captured"))
        await desk.attempted(endpoint, 1)
        disabled = (await desk.act(endpoint, "disable", {"reason": "moving house"})).document()
        await desk.hurry()
        refused = await desk.act(endpoint, "test")
        await looked_twice(desk)
        seen = len(receiver.messages)
        await desk.act(endpoint, "enable")
        await receiver.has(2)

        assert (disabled["status"], disabled["disabled_reason"]) == ("disabled", "moving house")
        assert (refused.status, refused.problem()["code"]) == (409, "conflict")
        assert seen == 1


async def test_an_endpoint_that_is_deleted_is_sent_nothing_more(house: House) -> None:
    async with open_desk(house) as desk, Receiver(500).running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        await desk.act(endpoint, "test")
        await desk.attempted(endpoint, 1)
        path = f"{BASE}/{endpoint['id']}"
        first, second = [await desk.visitor.send("DELETE", path, {}, {}) for _ in range(2)]
        await desk.hurry()
        await looked_twice(desk)

        assert (first.status, first.body, second.status) == (204, b"", 404)
        assert len(receiver.messages) == 1


async def looked_twice(desk: Desk) -> None:
    """Wait until the worker has looked for what is due and sent it, twice: all that was due before was its to send."""
    async with Receiver().running() as marker:
        endpoint = await desk.endpoint(marker.url, "payment.refunded")
        for count in (1, 2):
            await desk.act(endpoint, "test")
            await marker.has(count)
        await desk.visitor.send("DELETE", f"{BASE}/{endpoint['id']}", {}, {})


async def test_a_name_is_looked_up_and_its_address_checked_as_the_connection_is_made() -> None:
    careful, local = Sender(private_targets=False), Sender(private_targets=True)
    async with Receiver().running() as receiver, careful, local:
        for host in ("localhost", "127.0.0.1", "[::ffff:127.0.0.1]"):
            answer = await careful.send(f"http://{host}:{receiver.port}/", {}, b"{}")
            assert (answer.error, answer.status_code) == ("target_refused", None), host
        assert receiver.messages == []
        assert (await local.send(f"http://127.0.0.1:{receiver.port}/", {"webhook-id": "evt"}, b"{}")).error is None
        assert (await local.send("http://169.254.169.254/", {}, b"{}")).error == "target_refused"


async def test_a_date_that_is_none_is_no_pause() -> None:
    async def odd(exchange: Exchange, number: int) -> None:
        zone = "+" + "9" * 20 if number == 1 else "+0000"
        exchange.answer(b"", 503, f"retry-after: Mon, 01 Jan 2024 00:00:00 {zone}")

    async with Receiver(answering=odd).running() as receiver, Sender(private_targets=True) as sender:
        answers = [await sender.send(receiver.url, {"webhook-id": "evt"}, b"{}") for _ in range(2)]

        assert [(one.status_code, one.error, one.retry_after_seconds) for one in answers] == [
            (503, None, None),
            (503, None, 0.0),
        ]


async def test_what_nobody_foresaw_is_an_attempt_that_counts(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> Answer:
        raise RuntimeError("nobody foresaw it")

    async with open_desk(house) as desk, Receiver().running() as receiver:
        endpoint = await desk.endpoint(receiver.url)
        with monkeypatch.context() as patched:
            patched.setattr(Sender, "send", broken)
            await desk.act(endpoint, "test")
            waiting = await desk.attempted(endpoint, 1)
        await desk.hurry()
        (delivery,) = await desk.ended(endpoint)

        assert (waiting["status"], waiting["attempts"][0]["error"]) == ("pending", "internal")
        assert [one["error"] for one in delivery["attempts"]] == ["internal", None]


async def test_a_secret_that_our_own_key_does_not_open_uses_up_no_attempt(house: House) -> None:
    async with open_desk(house) as desk, Receiver().running() as receiver:
        shut, other = await desk.endpoint(receiver.url), await desk.endpoint(receiver.url)
        set_secret = (
            "UPDATE webhook_endpoints SET secret = $1 WHERE id = (SELECT min(id::text)::uuid FROM webhook_endpoints)"
        )
        (kept,) = await desk.rows("SELECT secret FROM webhook_endpoints ORDER BY id LIMIT 1")
        await desk.rows(set_secret, b"sealed with another key, once upon a time")
        put_off = "SELECT count(*) FROM deliveries WHERE lease IS NULL AND next_at > now() + interval '20 seconds'"
        await desk.act(shut, "test")
        await eventually(lambda: desk.rows(put_off), lambda found: found == [(1,)])
        await desk.act(other, "test")
        await desk.ended(other)

        assert await desk.worker_health("webhook-secrets") == "DOWN"
        (delivery,) = await desk.deliveries(shut)
        assert (delivery["status"], delivery["attempts"]) == ("pending", [])
        assert await desk.rows("SELECT count(*) FROM webhook_endpoints WHERE failed_at IS NOT NULL") == [(0,)]
        await desk.rows(set_secret, kept[0])
    async with open_desk(house) as desk, Receiver().running():
        await desk.hurry()
        await eventually(lambda: desk.rows("SELECT count(*) FROM delivery_attempts"), lambda found: found == [(2,)])


async def test_of_a_long_answer_the_beginning_is_kept_and_the_rest_not_waited_for() -> None:
    async def chatter(exchange: Exchange, _number: int) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(1_000):
            exchange.writer.write(b"1000\r\n" + b"\0" + b"x" * 4_095 + b"\r\n")
            await exchange.writer.drain()

    async with Receiver(answering=chatter).running() as receiver, Sender(private_targets=True) as sender:
        began = time.monotonic()
        answer = await sender.send(receiver.url, {"webhook-id": "evt"}, b"{}")

        assert answer.status_code == 200
        assert answer.text == "\N{REPLACEMENT CHARACTER}" + "x" * 1_023
        assert time.monotonic() - began < 5
