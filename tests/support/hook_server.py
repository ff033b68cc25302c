"""A receiver of webhooks in a thread, for tests that wait for what others do."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from waqiti.client import WebhookEvent, verify_webhook


class HookServer:
    """Verifies what comes with ``secret``, once that is known, and keeps it; used as ``with``."""

    def __init__(self) -> None:
        self.secret = ""
        self.events: list[WebhookEvent] = []
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status = receiver.take(dict(self.headers), self.rfile.read(int(self.headers["content-length"])))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhooks"

    def take(self, headers: dict[str, str], body: bytes) -> int:
        try:
            self.events.append(verify_webhook(self.secret, headers, body))
        except Exception:  # noqa: BLE001 - whatever it was, the test asserts that nothing was refused
            self.refused += 1
            return 400
        return 200

    def wait_for(self, subjects: set[str], event_type: str, seconds: float) -> float:
        """Wait until an event of this type has come for each payment (of a test: endpoint); return how long it took."""
        began = time.monotonic()
        while missing := subjects - {_subject(one) for one in self.events if one.type == event_type}:
            assert time.monotonic() - began < seconds, f"{len(missing)} of {len(subjects)} did not come"
            time.sleep(0.01)
        return time.monotonic() - began

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _subject(event: WebhookEvent) -> object:
    return event.data.get("payment_id") or event.data.get("endpoint_id")
