"""The way of a payment, as a user sees it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.people import People
from tests.support.raw import RawClient
from waqiti.client import BatchPayment, Client, Conflict


def test_a_payment_moves_the_money_and_says_who_decided(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=10_000), people.wallet()

    payment = client.payments.create(
        from_wallet=payer.id,
        to_wallet=payee.id,
        amount=1_250,
        currency="EUR",
        description="Two coffees",
        metadata={"order": "17"},
    )

    assert (payment.status, payment.amount_captured, payment.amount_refunded) == ("captured", 1_250, 0)
    assert payment.failure is None
    assert payment.metadata == {"order": "17"}
    assert payment.decision.fraud is not None
    assert payment.decision.fraud.outcome == "approve"
    assert payment.decision.compliance is not None
    assert payment.decision.compliance.outcome == "clear"
    assert people.available(payer) == 8_750
    assert people.available(payee) == 1_250
    assert client.payments.get(payment.id) == payment


def test_the_transitions_of_a_payment_are_listed_newest_first(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=500), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=500, currency="EUR")

    events = client.payments.events(payment.id).data

    assert [event.status for event in events] == ["captured", "created"]
    assert all(event.actor for event in events)


def test_a_payment_without_funds_fails_and_moves_nothing(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=100), people.wallet()

    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=101, currency="EUR")

    assert payment.status == "failed"
    assert payment.failure is not None
    assert payment.failure.code == "insufficient_funds"
    assert (people.available(payer), people.available(payee)) == (100, 0)


def test_the_fee_comes_out_of_what_the_payee_receives(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()

    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR", fee=29)

    assert (payment.status, payment.fee) == ("captured", 29)
    assert (people.available(payer), people.available(payee)) == (0, 971)


def test_a_manual_payment_holds_until_it_is_captured_in_part(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    payment = client.payments.create(
        from_wallet=payer.id, to_wallet=payee.id, amount=800, currency="EUR", capture="manual", fee=80
    )
    held = client.wallets.get(payer.id).balance
    assert payment.status == "authorized"
    assert (held.posted, held.held, held.available) == (1_000, 800, 200)

    captured = client.payments.capture(payment.id, amount=333)

    assert (captured.status, captured.amount_captured) == ("captured", 333)
    after = client.wallets.get(payer.id).balance
    assert (after.posted, after.held, after.available) == (667, 0, 667)
    assert people.available(payee) == 333 - 80 * 333 // 800
    with pytest.raises(Conflict):
        client.payments.capture(payment.id)


def test_a_voided_payment_gives_the_hold_back(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    payment = client.payments.create(
        from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR", capture="manual"
    )

    voided = client.payments.void(payment.id)

    assert voided.status == "canceled"
    assert (people.available(payer), people.available(payee)) == (1_000, 0)
    with pytest.raises(Conflict):
        client.payments.capture(payment.id)
    with pytest.raises(Conflict):
        client.payments.void(payment.id)


def test_capturing_more_than_was_authorized_is_refused(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    payment = client.payments.create(
        from_wallet=payer.id, to_wallet=payee.id, amount=400, currency="EUR", capture="manual"
    )

    with pytest.raises(Conflict):
        client.payments.capture(payment.id, amount=401)

    assert client.payments.get(payment.id).status == "authorized"
    assert client.wallets.get(payer.id).balance.held == 400


def test_refunds_never_exceed_what_was_captured(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR")

    first = client.payments.refund(payment.id, amount=400, reason="One of two was broken")
    assert (first.status, first.amount) == ("succeeded", 400)
    assert client.payments.get(payment.id).status == "partially_refunded"
    with pytest.raises(Conflict):
        client.payments.refund(payment.id, amount=601)
    rest = client.payments.refund(payment.id)

    assert (rest.status, rest.amount) == ("succeeded", 600)
    assert client.refunds.get(rest.id) == rest
    final = client.payments.get(payment.id)
    assert (final.status, final.amount_refunded) == ("refunded", 1_000)
    assert (people.available(payer), people.available(payee)) == (1_000, 0)
    with pytest.raises(Conflict):
        client.payments.refund(payment.id, amount=1)


def test_a_refund_fails_where_the_payee_has_spent_the_money(client: Client, people: People) -> None:
    payer, payee, third = people.wallet(funds=500), people.wallet(), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=500, currency="EUR")
    client.payments.create(from_wallet=payee.id, to_wallet=third.id, amount=500, currency="EUR")

    refund = client.payments.refund(payment.id)

    assert refund.status == "failed"
    assert refund.failure is not None
    assert refund.failure.code == "insufficient_funds"
    assert client.payments.get(payment.id).status == "captured"
    people.deposit(payee.id, 500)
    assert client.payments.refund(payment.id).status == "succeeded", "the reservation was released"


def test_the_fee_returns_with_the_last_refund_where_asked(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR", fee=10)

    client.payments.refund(payment.id, amount=333, refund_fee=True)
    client.payments.refund(payment.id, refund_fee=True)

    assert (people.available(payer), people.available(payee)) == (1_000, 0)


def test_lists_are_newest_first_and_walk_by_cursor(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()
    made = [
        client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=amount, currency="EUR").id
        for amount in (1, 2, 3, 4, 5)
    ]
    made.append(client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=9_999, currency="EUR").id)

    first = client.payments.list(wallet=payer.id, limit=4)
    rest = client.payments.list(wallet=payer.id, limit=4, cursor=first.next_cursor)

    assert [payment.id for payment in first.data + rest.data] == list(reversed(made))
    assert rest.next_cursor is None
    assert [p.id for p in client.payments.list(wallet=payer.id, status="failed").data] == made[-1:]
    future = datetime.now(UTC) + timedelta(hours=1)
    assert client.payments.list(wallet=payer.id, created_after=future).data == []
    assert len(client.payments.list(wallet=payee.id, created_before=future).data) == 6


def test_thirty_small_payments_between_two_new_wallets_pass(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=3_000), people.wallet()

    statuses = [
        client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=100, currency="EUR").status
        for _ in range(30)
    ]

    assert statuses == ["captured"] * 30
    assert (people.available(payer), people.available(payee)) == (0, 3_000)


def test_a_batch_answers_each_item_by_itself(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=300), people.wallet()

    def item(number: int, amount: int, to_wallet: str = payee.id) -> BatchPayment:
        key = f"{payer.id}-{number}"
        return BatchPayment(
            idempotency_key=key, from_wallet=payer.id, to_wallet=to_wallet, amount=amount, currency="EUR"
        )

    results = client.payments.batch(
        [item(1, 100), item(2, -1), item(3, 100, "wal_" + "0" * 26), item(1, 100), item(4, 200)]
    ).results

    assert [result.index for result in results] == [0, 1, 2, 3, 4]
    assert results[0].payment is not None
    assert results[0].payment.status == "captured"
    assert results[1].problem is not None
    assert results[1].problem.code == "invalid_request"
    assert results[2].problem is not None
    assert results[2].problem.code == "not_found"
    assert results[3].payment is not None
    assert results[3].payment.id == results[0].payment.id
    assert results[4].payment is not None
    assert (people.available(payer), people.available(payee)) == (0, 300)


def test_waiting_zero_seconds_answers_at_once_and_the_payment_still_ends(
    raw: RawClient, client: Client, people: People
) -> None:
    payer, payee = people.wallet(funds=100), people.wallet()
    body = {"from_wallet": payer.id, "to_wallet": payee.id, "amount": 100, "currency": "EUR"}

    answer = raw.post("/v1/payments", body, Prefer="wait=0")

    assert answer.status in {201, 202}
    payment = people.settled(client.payments.get(answer.document()["id"]))
    assert payment.status == "captured"


def test_the_entries_of_a_wallet_show_the_balance_after_each(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=100), people.wallet()
    for _ in range(3):
        client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=10, currency="EUR")

    page = client.wallets.entries(payer.id, limit=2)
    rest = client.wallets.entries(payer.id, limit=2, cursor=page.next_cursor)

    entries = page.data + rest.data
    assert [entry.balance.posted for entry in entries] == [70, 80, 90, 100]


def test_nobody_pays_or_is_paid_by_a_customer_on_a_list_and_the_hit_is_the_reason_reported(
    client: Client, people: People
) -> None:
    listed = people.customer("Zorblat Quenvik")
    assert client.customers.get(listed).status == "blocked"
    theirs, ours = people.wallet(customer=listed), people.wallet(funds=500)
    assert theirs.status == "frozen"

    payments = [
        client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=100, currency="EUR")
        for payer, payee in ((ours, theirs), (theirs, ours))
    ]

    failures = [payment.failure for payment in payments]
    assert [payment.status for payment in payments] == ["declined", "declined"]
    assert [failure and failure.code for failure in failures] == ["sanctions_hit", "sanctions_hit"]
    assert (people.available(ours), people.available(theirs)) == (500, 0)
