"""What the clients ask: payments between many wallets, each with its own key, and looks at payments and balances.

A client asks at its rate whatever becomes of its requests; only where too many are on their way does it wait for one.
"""

import asyncio
import random
import time
from collections import deque
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from bench.drops.clients import Client
from bench.drops.exchange import Answer, Drop
from bench.drops.recording import SLOW_SECONDS, Recorder
from waqiti.contracts.payment import FINAL

PER_SECOND: Final = 50
MAX_IN_FLIGHT: Final = 1000
RESTING: Final = FINAL | {"in_review"}
"""Statuses that wait for nobody but a person."""
_SHARES: Final = {"pay": 0.6, "look": 0.2, "balance": 0.2}
_IMPATIENT_SHARE: Final = 0.1
_LARGEST_AMOUNT: Final = 9
_RECENT: Final = 100
_SERVER_ERROR: Final = 500


class Sent(msgspec.Struct, frozen=True):
    """A payment as it was sent."""

    from_wallet: str
    to_wallet: str
    amount: int


class Request(msgspec.Struct, frozen=True):
    """A request; ``payment`` where it pays, ``looks_at`` the payment that it reads."""

    said: str
    head: bytes
    body: bytes = b""
    payment: Sent | None = None
    looks_at: str | None = None


class Traffic:
    """All requests of all clients; ``accepted`` are the payments by id, ``unfinished`` those that are not at rest."""

    def __init__(self, base_url: str, api_key: str, wallets: list[str], recorder: Recorder, seed: int) -> None:
        self._common = f"host: {urlsplit(base_url).netloc}\r\nauthorization: Bearer {api_key}"
        self._wallets = wallets
        self._recorder = recorder
        self._chance = random.Random(seed)
        self.accepted: dict[str, Sent] = {}
        self.unfinished: dict[str, None] = {}
        self.without_answer = 0
        self._recent: deque[str] = deque(maxlen=_RECENT)

    async def run(self, client: Client, stop: asyncio.Event) -> None:
        """Ask fifty times a second until ``stop`` is set, and return when the last is answered."""
        flying: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        while not stop.is_set():
            due += 1 / PER_SECOND
            await asyncio.sleep(due - time.monotonic())
            if len(flying) >= MAX_IN_FLIGHT:
                self._recorder.bound_reached[client.name] += 1
                await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(self._ask(client, self._request(), due))
            flying.add(task)
            task.add_done_callback(flying.discard)
        await asyncio.gather(*flying)

    async def _ask(self, client: Client, request: Request, due: float) -> None:
        await client.turn()
        sent_at = time.monotonic()
        self._recorder.sends(sent_at - due)
        try:
            answer = await client.send(request.head, request.body)
        except Drop as drop:
            seconds = time.monotonic() - sent_at
            self._recorder.answered(client.name, 0, seconds)
            self._recorder.violation(drop, client=client.name, sent=request.said, seconds=seconds)
            self.without_answer += request.payment is not None
            return
        seconds = time.monotonic() - sent_at
        self._recorder.answered(client.name, answer.status, seconds)
        for complaint in self._complaints(request, answer, seconds):
            self._recorder.violation(complaint, client=client.name, sent=request.said, seconds=seconds)

    def _complaints(self, request: Request, answer: Answer, seconds: float) -> list[Drop]:
        found = [Drop("slow", f"{answer.status} after {seconds:.1f} s")] if seconds > SLOW_SECONDS else []
        came = f"{answer.status} {answer.body[:400].decode(errors='replace')}"
        if answer.status >= _SERVER_ERROR:
            return [*found, Drop("server_error", came)]
        expected = (HTTPStatus.CREATED, HTTPStatus.ACCEPTED) if request.payment else (HTTPStatus.OK,)
        if answer.status not in expected:
            return [*found, Drop("refused", came)]
        try:
            self._read(request, msgspec.json.decode(answer.body))
        except (msgspec.MsgspecError, LookupError, TypeError) as error:
            return [*found, Drop("not_http", f"{error!r}: {came}")]
        return found

    def _read(self, request: Request, document: Any) -> None:
        """Note what is told of a payment that was made or looked at."""
        if request.payment is None and request.looks_at is None:
            return
        payment, at_rest = document["id"], document["status"] in RESTING
        if request.payment is not None:
            self.accepted[payment] = request.payment
            self.unfinished[payment] = None
            self._recent.append(payment)
            if not at_rest:
                self._recorder.not_final()
        if at_rest and payment in self.unfinished:
            del self.unfinished[payment]
            self._recorder.final(payment, _seconds(document["created_at"], document["updated_at"]))

    def _request(self) -> Request:
        (what,) = self._chance.choices(list(_SHARES), list(_SHARES.values()))
        if what == "pay" or not self.accepted:
            return self._pay()
        if what == "look":
            return self._look()
        return self._get(f"/v1/wallets/{self._chance.choice(self._wallets)}/balance", None)

    def _pay(self) -> Request:
        payer, payee = self._chance.sample(self._wallets, 2)
        sent = Sent(payer, payee, self._chance.randint(1, _LARGEST_AMOUNT))
        body = {"from_wallet": payer, "to_wallet": payee, "amount": sent.amount, "currency": "EUR"}
        content, key = msgspec.json.encode(body), uuid4().hex
        prefer = "\r\nprefer: wait=0" if self._chance.random() < _IMPATIENT_SHARE else ""
        head = (
            f"POST /v1/payments HTTP/1.1\r\n{self._common}\r\nidempotency-key: {key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}{prefer}"
        )
        return Request(f"POST /v1/payments {content.decode()} key {key}", head.encode(), content, payment=sent)

    def _look(self) -> Request:
        """Look at the payment that is unfinished for longest, or at any."""
        payment = next(iter(self.unfinished), None) or self._chance.choice(self._recent)
        return self._get(f"/v1/payments/{payment}", payment)

    def _get(self, path: str, looks_at: str | None) -> Request:
        return Request(f"GET {path}", f"GET {path} HTTP/1.1\r\n{self._common}".encode(), looks_at=looks_at)


def _seconds(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
