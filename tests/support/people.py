"""Customers with wallets and money, made through the public API."""

import time
from itertools import count

from waqiti.client import Client
from waqiti.contracts.public.payments import Payment
from waqiti.contracts.public.wallets import Movement, Wallet

_numbers = count(1)
SETTLE_TIMEOUT_SECONDS = 15


class People:
    """Makes what a test needs, each time anew."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def customer(self, name: str | None = None) -> str:
        """Onboard somebody and return the customer's id."""
        given = name or f"Test Person {next(_numbers)}"
        return self._client.customers.create(name=given, country="DE").id

    def wallet(self, *, funds: int = 0, currency: str = "EUR", customer: str | None = None) -> Wallet:
        """Open a wallet with ``funds`` minor units in it."""
        wallet = self._client.wallets.create(customer_id=customer or self.customer(), currency=currency)
        if funds:
            self.deposit(wallet.id, funds, currency)
        return self._client.wallets.get(wallet.id)

    def deposit(self, wallet_id: str, amount: int, currency: str = "EUR") -> Movement:
        """Pay in and wait until it is settled."""
        deposit = self._client.deposits.create(wallet_id=wallet_id, amount=amount, currency=currency)
        deadline = time.monotonic() + SETTLE_TIMEOUT_SECONDS
        while deposit.status in {"pending", "screening"}:
            assert time.monotonic() < deadline, f"the deposit is still {deposit.status}"
            time.sleep(0.05)
            deposit = self._client.deposits.get(deposit.id)
        assert deposit.status == "settled", deposit
        return deposit

    def settled(self, payment: Payment) -> Payment:
        """Wait until the payment has left ``created`` and ``screening``."""
        deadline = time.monotonic() + SETTLE_TIMEOUT_SECONDS
        while payment.status in {"created", "screening"}:
            assert time.monotonic() < deadline, f"the payment is still {payment.status}"
            time.sleep(0.05)
            payment = self._client.payments.get(payment.id)
        return payment

    def available(self, wallet: Wallet) -> int:
        """Return what the wallet can spend now."""
        return self._client.wallets.get(wallet.id).balance.available
