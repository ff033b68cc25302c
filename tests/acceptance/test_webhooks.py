"""Webhooks of a running platform, to a receiver beside it."""

from collections.abc import Iterator

import pytest

from tests.support.hook_server import HookServer
from tests.support.people import People
from tests.support.platform import Platform
from waqiti.client import (
    Client,
    Conflict,
    InvalidRequest,
    InvalidWebhook,
    NotFound,
    WebhookEndpoint,
    pages,
    verify_webhook,
)


@pytest.fixture
def receiver() -> Iterator[HookServer]:
    with HookServer() as running:
        yield running


@pytest.fixture
def endpoint(client: Client, receiver: HookServer) -> Iterator[WebhookEndpoint]:
    """An endpoint at the receiver that wants all events, deleted after the test."""
    made = client.webhooks.create(url=receiver.url, description="a test")
    receiver.secret = made.secret
    yield made
    client.webhooks.delete(made.id)


def test_a_payment_is_told_within_two_seconds_and_refunds_after_it(
    client: Client, people: People, receiver: HookServer, endpoint: WebhookEndpoint
) -> None:
    payer, payee = people.wallet(funds=5_000), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR")
    took = receiver.wait_for({payment.id}, "payment.captured", 5)
    for _ in range(2):
        client.payments.refund(payment.id, amount=300)
    client.payments.refund(payment.id)
    receiver.wait_for({payment.id}, "payment.refunded", 5)

    listed = client.events.list(payment=payment.id).data
    told = [one for one in receiver.events if one.data["payment_id"] == payment.id]
    assert took < 2
    assert receiver.refused == 0
    assert [event.data.amount_refunded for event in listed] == [1_000, 600, 300, 0]
    assert {event.id for event in listed} == {one.id for one in told}
    assert len(told) == 4
    assert client.events.get(listed[0].id) == listed[0]
    transitions = {event.id for event in client.payments.events(payment.id).data}
    assert {event.id for event in listed} < transitions, "an event has one id wherever it is shown"


def test_a_refusal_is_told_with_its_code(
    client: Client, people: People, receiver: HookServer, endpoint: WebhookEndpoint
) -> None:
    payer, payee = people.wallet(), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR")
    receiver.wait_for({payment.id}, "payment.failed", 5)

    (told,) = [one for one in receiver.events if one.data["payment_id"] == payment.id]
    assert told.data["failure_code"] == "insufficient_funds"


def test_an_endpoint_is_tried_disabled_enabled_and_given_another_secret(
    client: Client, receiver: HookServer, endpoint: WebhookEndpoint
) -> None:
    assert client.webhooks.test(endpoint.id).event_type == "webhook.test"
    receiver.wait_for({endpoint.id}, "webhook.test", 5)
    assert client.webhooks.disable(endpoint.id, reason="moving").disabled_reason == "moving"
    with pytest.raises(Conflict):
        client.webhooks.test(endpoint.id)
    assert client.webhooks.enable(endpoint.id).status == "enabled"
    rotated = client.webhooks.rotate_secret(endpoint.id)

    assert rotated.secret != receiver.secret
    assert endpoint.id in [one.id for one in pages(client.webhooks.list)]
    assert client.webhooks.get(endpoint.id).description == "a test"
    with pytest.raises(InvalidWebhook):
        verify_webhook(rotated.secret, {}, b"{}")


def test_a_delivery_is_listed_explained_and_sent_again(
    platform: Platform, client: Client, people: People, receiver: HookServer, endpoint: WebhookEndpoint
) -> None:
    payer, payee = people.wallet(funds=5_000), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR")
    receiver.wait_for({payment.id}, "payment.captured", 5)
    (event,) = client.events.list(payment=payment.id, type="payment.captured").data
    first = next(one for one in pages(client.webhooks.deliveries, endpoint.id) if one.event_id == event.id)
    again = client.webhooks.replay(endpoint.id, first.id)
    life = platform.command("payments", "explain", payment.id, "--json").document()

    assert (again.event_id, again.status) == (event.id, "pending")
    assert again.id != first.id
    told = {one["id"]: one for one in life["deliveries"]}
    assert {first.id, again.id} <= told.keys()
    assert (told[first.id]["endpoint"], told[first.id]["last"]) == (endpoint.id, "200")


def test_what_may_be_no_endpoint_is_refused(client: Client) -> None:
    for url in ("http://169.254.169.254/latest", "ftp://shop.example/", "https://user:word@shop.example/"):
        with pytest.raises(InvalidRequest):
            client.webhooks.create(url=url)
    with pytest.raises(NotFound):
        client.webhooks.delete("whe_01k0b2c3d4e5f6g7h8j9kamnpq")
