"""A receiver of webhooks: checks that each is from the platform, and does what it brings about once.

.venv/bin/python examples/webhook_receiver.py            (beside a running platform: reads .waqiti/credentials.json)
.venv/bin/python examples/webhook_receiver.py CREDENTIALS.json

It adds an endpoint at a port of its own, makes a payment and a refund, waits for what it is told, and deletes the
endpoint again.
"""

import json
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from waqiti.client import Client, ConnectionFailed, InvalidWebhook, WebhookEvent, format_amount, verify_webhook

PATIENCE_SECONDS = 10


class Shop:
    """Remembers which events it has acted on: a webhook may come twice, and must be done once."""

    def __init__(self) -> None:
        self.secret = ""
        self.news: queue.Queue[WebhookEvent] = queue.Queue()
        self._seen: set[str] = set()

    def receive(self, headers: dict[str, str], body: bytes) -> int:
        """Return the status to answer with: 2xx once it is kept, 400 where it is not from the platform."""
        try:
            event = verify_webhook(self.secret, headers, body)
        except InvalidWebhook:
            return 400
        if event.id not in self._seen:
            self._seen.add(event.id)
            self.news.put(event)
        return 204


def serve(shop: Shop) -> ThreadingHTTPServer:
    """Listen on a free port. Answer at once and work later: an answer that takes 15 seconds is none."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(shop.receive(dict(self.headers), body))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing: the events are printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def sell(waqiti: Client) -> str:
    """Sell something for 40.00 and give 10.00 back; return the payment's id."""
    wallets = []
    for name in ("Ines Duarte", "Livraria do Cais"):
        customer = waqiti.customers.create(name=name, country="PT")
        wallets.append(waqiti.wallets.create(customer_id=customer.id, currency="EUR").id)
    waqiti.deposits.create(wallet_id=wallets[0], amount=50_00, currency="EUR")
    payment = waqiti.payments.create(from_wallet=wallets[0], to_wallet=wallets[1], amount=40_00, currency="EUR")
    waqiti.payments.refund(payment.id, amount=10_00)
    return payment.id


def tell(shop: Shop, payment_id: str) -> None:
    """Print what is told of a payment until its refund was; the order in which webhooks come is not promised."""
    missing = {"payment.captured", "payment.partially_refunded"}
    while missing:
        try:
            event = shop.news.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            raise SystemExit(
                f"No webhook came for {PATIENCE_SECONDS} s; missing: {', '.join(sorted(missing))}"
            ) from None
        if event.data.get("payment_id") == payment_id:
            kept = event.data["amount_captured"] - event.data["amount_refunded"]
            print(f"{event.id}  {event.type:<26} {format_amount(kept, event.data['currency'])} kept")
            missing.discard(event.type)


def main() -> int:
    """Read the credentials of a platform, and receive its webhooks."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else ".waqiti/credentials.json")
    try:
        credentials = json.loads(path.read_text())
    except FileNotFoundError:
        raise SystemExit(f"There is no platform here yet, for there is no {path}: start one with make up.") from None
    shop = Shop()
    server = serve(shop)
    try:
        with Client(credentials["base_url"], credentials["api_key"]) as waqiti:
            url = f"http://127.0.0.1:{server.server_address[1]}/webhooks"
            endpoint = waqiti.webhooks.create(url=url, events=["payment.captured", "payment.partially_refunded"])
            shop.secret = endpoint.secret
            try:
                tell(shop, sell(waqiti))
            finally:
                waqiti.webhooks.delete(endpoint.id)
    except ConnectionFailed:
        raise SystemExit(f"The platform at {credentials['base_url']} does not answer: is it up?") from None
    finally:
        server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
