"""Payments that flow while something is done to the platform, and the proof afterwards that each ended once."""

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self
from uuid import uuid4

from tests.support.people import People
from waqiti.client import Client, Unavailable, WaqitiError
from waqiti.contracts.payment import FINAL
from waqiti.contracts.public.payments import Payment

AMOUNT = 7
FUNDS = 1_000_000


class Traffic:
    """``payers`` threads that each pay ``AMOUNT`` from a wallet of their own to one shared wallet, all the time.

    Every payment keeps its idempotency key until it is acknowledged, as a careful user would.
    """

    def __init__(self, client: Client, *, payers: int = 4) -> None:
        self._client = client
        people = People(client)
        self.payee = people.wallet()
        self.wallets = [people.wallet(funds=FUNDS) for _ in range(payers)]
        self.accepted: list[Payment] = []
        self.unavailable = 0
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._pay, args=(wallet.id,)) for wallet in self.wallets]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=120)
            assert not thread.is_alive(), "a payer never got an answer"
        if self._failures:
            raise self._failures[0]

    def wait_for(self, more: int, *, timeout_seconds: float = 60) -> None:
        """Wait until ``more`` payments are accepted from now on."""
        target = len(self.accepted) + more
        deadline = time.monotonic() + timeout_seconds
        while len(self.accepted) < target:
            assert time.monotonic() < deadline, f"only {len(self.accepted)} of {target} payments were accepted"
            assert not self._failures, self._failures[0]
            time.sleep(0.02)

    def _pay(self, wallet: str) -> None:
        try:
            while not self._stop.is_set():
                self.accepted.append(self._accepted_payment(wallet, uuid4().hex))
        except BaseException as error:
            self._failures.append(error)
            raise

    def _accepted_payment(self, wallet: str, key: str) -> Payment:
        deadline = time.monotonic() + 90
        while True:
            try:
                return self._client.payments.create(
                    from_wallet=wallet,
                    to_wallet=self.payee.id,
                    amount=AMOUNT,
                    currency="EUR",
                    idempotency_key=key,
                )
            except (Unavailable, WaqitiError):
                self.unavailable += 1
                assert time.monotonic() < deadline, "the platform did not come back in 90 s"
                time.sleep(0.1)

    def final_payments(self, *, timeout_seconds: float = 60) -> list[Payment]:
        """Wait until every accepted payment is final, and return them as they ended."""
        deadline = time.monotonic() + timeout_seconds
        return [self._final(payment, deadline) for payment in self.accepted]

    def _final(self, payment: Payment, deadline: float) -> Payment:
        while payment.status not in FINAL:
            assert time.monotonic() < deadline, f"{payment.id} is still {payment.status}"
            time.sleep(0.05)
            payment = self._client.payments.get(payment.id)
        return payment

    def assert_each_ended_once(self) -> Counter[str]:
        """Assert that the wallets hold to the unit what the payments say, and return how the payments ended."""
        payments = self.final_payments()
        ids = [payment.id for payment in payments]
        assert len(set(ids)) == len(ids)
        captured = Counter(payment.from_wallet for payment in payments if payment.status == "captured")
        for wallet in self.wallets:
            balance = self._client.wallets.get(wallet.id).balance
            assert balance.held == 0
            assert balance.posted == FUNDS - AMOUNT * captured[wallet.id]
        assert self._client.wallets.get(self.payee.id).balance.posted == AMOUNT * captured.total()
        return Counter(payment.status for payment in payments)
