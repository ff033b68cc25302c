"""A checkout: authorize when the order is placed, capture what ships, give back what returns.

.venv/bin/python examples/checkout.py            (beside a running platform: reads .waqiti/credentials.json)
.venv/bin/python examples/checkout.py CREDENTIALS.json
"""

import json
import sys
import time
from pathlib import Path

from waqiti.client import Client, ConnectionFailed, Wallet, format_amount


def open_wallet(waqiti: Client, name: str, country: str) -> Wallet:
    """Onboard somebody and open a EUR wallet."""
    customer = waqiti.customers.create(name=name, country=country)
    return waqiti.wallets.create(customer_id=customer.id, currency="EUR")


def top_up(waqiti: Client, wallet: Wallet, amount: int) -> None:
    """Pay money in and wait until it is there."""
    deposit = waqiti.deposits.create(wallet_id=wallet.id, amount=amount, currency="EUR")
    deadline = time.monotonic() + 15
    while deposit.status in {"pending", "screening"} and time.monotonic() < deadline:
        time.sleep(0.1)
        deposit = waqiti.deposits.get(deposit.id)
    if deposit.status != "settled":
        raise SystemExit(f"The deposit is {deposit.status}: {deposit.failure}")


def check_out(waqiti: Client) -> None:
    """Place an order of 40.00, ship 30.00 of it, take 10.00 back."""
    shopper = open_wallet(waqiti, "Ines Duarte", "PT")
    shop = open_wallet(waqiti, "Livraria do Cais", "PT")
    top_up(waqiti, shopper, 50_00)

    payment = waqiti.payments.create(
        from_wallet=shopper.id,
        to_wallet=shop.id,
        amount=40_00,
        currency="EUR",
        capture="manual",
        fee=80,
        description="Order 1042",
        metadata={"order": "1042"},
    )
    print(f"{payment.id}  {payment.status:<12} 40.00 EUR held")
    if payment.status != "authorized":
        raise SystemExit(f"The order is not paid: {payment.failure}")

    payment = waqiti.payments.capture(payment.id, amount=30_00)
    print(f"{payment.id}  {payment.status:<12} 30.00 EUR captured, 10.00 EUR released")

    refund = waqiti.payments.refund(payment.id, amount=10_00, reason="One book came back")
    print(f"{refund.id}  {refund.status:<12} 10.00 EUR returned")

    for name, wallet in (("shopper", shopper), ("shop", shop)):
        balance = waqiti.wallets.get(wallet.id).balance
        print(f"{name:<8} {format_amount(balance.posted, wallet.currency):>12}")


def main() -> int:
    """Read the credentials of a platform and check out there."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else ".waqiti/credentials.json")
    try:
        credentials = json.loads(path.read_text())
    except FileNotFoundError:
        raise SystemExit(f"There is no platform here yet, for there is no {path}: start one with make up.") from None
    try:
        with Client(credentials["base_url"], credentials["api_key"]) as waqiti:
            check_out(waqiti)
    except ConnectionFailed:
        raise SystemExit(f"The platform at {credentials['base_url']} does not answer: is it up?") from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
