"""One key, one effect."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.support.people import People
from tests.support.raw import RawClient
from waqiti.client import Client


def test_a_replay_gives_the_same_payment_and_says_so(raw: RawClient, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    body = {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 400, "currency": "EUR"}
    key = uuid4().hex

    first = raw.post("/v1/payments", body, idempotency_key=key)
    again = raw.post("/v1/payments", body, idempotency_key=key)

    assert first.status == again.status == 201
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.document() == first.document()
    assert people.available(payer) == 600


def test_the_order_of_members_and_white_space_make_no_other_body(raw: RawClient, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    key = uuid4().hex
    one = f'{{"from_wallet":"{payer.id}","to_wallet":"{payee.id}","amount":1,"currency":"EUR"}}'
    other = f'{{ "currency": "EUR", "amount": 1, "to_wallet": "{payee.id}",\n "from_wallet": "{payer.id}" }}'

    first = raw.send("POST", "/v1/payments", one.encode(), {"Idempotency-Key": key})
    again = raw.send("POST", "/v1/payments", other.encode(), {"Idempotency-Key": key})

    assert (first.status, again.status) == (201, 201)
    assert first.document()["id"] == again.document()["id"]


def test_a_key_with_another_body_is_refused(raw: RawClient, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    body = {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 400, "currency": "EUR"}
    key = uuid4().hex
    raw.post("/v1/payments", body, idempotency_key=key)

    answer = raw.post("/v1/payments", body | {"amount": 401}, idempotency_key=key)

    assert answer.status == 422
    assert answer.problem()["code"] == "idempotency_key_reused"
    assert people.available(payer) == 600


def test_a_post_without_a_key_is_refused(raw: RawClient) -> None:
    answer = raw.send("POST", "/v1/customers", b'{"name":"Nobody","country":"DE"}')

    assert answer.status == 400
    assert answer.problem()["code"] == "idempotency_key_required"


def test_a_key_longer_than_255_characters_is_refused(raw: RawClient) -> None:
    answer = raw.post("/v1/customers", {"name": "Nobody", "country": "DE"}, idempotency_key="k" * 256)

    assert answer.status == 422
    assert answer.problem()["code"] == "invalid_request"


def test_sixteen_equal_requests_at_once_make_one_payment(raw: RawClient, client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    body = {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 100, "currency": "EUR"}
    key = uuid4().hex

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: raw.post("/v1/payments", body, idempotency_key=key), range(16)))

    assert {answer.status for answer in answers} <= {201, 202, 409}
    made = {answer.document()["id"] for answer in answers if answer.status < 300}
    assert len(made) == 1
    for answer in answers:
        if answer.status == 409:
            assert answer.problem()["code"] == "idempotency_in_flight"
    assert people.available(payer) == 900
    assert len(client.payments.list(wallet=payer.id).data) == 1


def test_sixteen_equal_requests_at_once_make_one_wallet_and_one_deposit(raw: RawClient, people: People) -> None:
    customer = people.customer()
    for path, body in (
        ("/v1/customers", {"name": "Just One", "country": "FR"}),
        ("/v1/wallets", {"customer_id": customer, "currency": "EUR"}),
        ("/v1/deposits", {"wallet_id": people.wallet().id, "amount": 5, "currency": "EUR", "rail": "sandbox"}),
    ):
        key = uuid4().hex
        with ThreadPoolExecutor(16) as threads:
            answers = list(
                threads.map(
                    lambda _, path=path, body=body, key=key: raw.post(path, body, idempotency_key=key), range(16)
                )
            )
        assert {answer.status for answer in answers} <= {201, 202, 409}, path
        assert len({answer.document()["id"] for answer in answers if answer.status < 300}) == 1, path


def test_sixteen_equal_refunds_at_once_give_the_money_back_once(raw: RawClient, people: People, client: Client) -> None:
    payer, payee = people.wallet(funds=100), people.wallet(funds=500)
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=100, currency="EUR")
    key = uuid4().hex
    path = f"/v1/payments/{payment.id}/refunds"

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: raw.post(path, {"amount": 60}, idempotency_key=key), range(16)))

    assert {answer.status for answer in answers} <= {201, 202, 409}
    assert len({answer.document()["id"] for answer in answers if answer.status < 300}) == 1
    assert people.available(payer) == 60
