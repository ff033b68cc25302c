"""Many at once: the ledger decides, once."""

from concurrent.futures import ThreadPoolExecutor

from tests.support.people import People
from waqiti.client import Client, Conflict


def test_of_sixty_concurrent_payments_from_funds_for_ten_exactly_ten_pass(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet()

    def pay(_: int) -> str:
        payment = client.payments.create(
            from_wallet=payer.id, to_wallet=payee.id, amount=100, currency="EUR", wait_seconds=30
        )
        return people.settled(payment).status

    with ThreadPoolExecutor(60) as threads:
        statuses = list(threads.map(pay, range(60)))

    assert statuses.count("captured") == 10
    assert statuses.count("failed") == 50
    assert (people.available(payer), people.available(payee)) == (0, 1_000)


def test_concurrent_refunds_stop_at_the_captured_amount(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=1_000), people.wallet(funds=5_000)
    payment = client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=1_000, currency="EUR")

    def refund(_: int) -> str:
        try:
            return client.payments.refund(payment.id, amount=300).status
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(12) as threads:
        outcomes = list(threads.map(refund, range(12)))

    assert outcomes.count("succeeded") == 3
    assert outcomes.count("conflict") == 9
    assert people.available(payer) == 900
    assert client.payments.get(payment.id).amount_refunded == 900


def test_capture_and_void_race_and_one_of_them_wins(client: Client, people: People) -> None:
    payer, payee = people.wallet(funds=2_000), people.wallet()
    payments = [
        client.payments.create(from_wallet=payer.id, to_wallet=payee.id, amount=100, currency="EUR", capture="manual")
        for _ in range(8)
    ]

    def attempt(verb: str, payment_id: str) -> str:
        try:
            call = client.payments.capture if verb == "capture" else client.payments.void
            return call(payment_id).status
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(16) as threads:
        tries = [(threads.submit(attempt, "capture", p.id), threads.submit(attempt, "void", p.id)) for p in payments]
        outcomes = [(capture.result(), void.result()) for capture, void in tries]

    captured = outcomes.count(("captured", "conflict"))
    voided = outcomes.count(("conflict", "canceled"))
    assert captured + voided == 8
    balance = client.wallets.get(payer.id).balance
    assert (balance.held, balance.posted) == (0, 2_000 - 100 * captured)
