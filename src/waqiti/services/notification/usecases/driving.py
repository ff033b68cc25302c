"""Sends what is due, so many at once and so many to each endpoint; safe to be cut off anywhere and begun again.

A delivery is leased while it is sent. Who is killed leaves it to whoever looks when the lease has ended: it is sent
again, under the same id.
"""

import asyncio
import random
import time
from collections import Counter
from typing import Final
from uuid import UUID

from waqiti.contracts import prefixes
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import encode, new_id
from waqiti.foundation.pausing import rest_until_beat
from waqiti.foundation.security.webhooks import signed_headers
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.notification.domain.deliveries import (
    EVENT_FORGOTTEN,
    INTERNAL,
    MAX_RUNNING,
    TROUBLED_AFTER,
    UNREADABLE_PAUSE,
    Answer,
    DueDelivery,
    Ending,
    ending,
    rest_of,
    room_per_endpoint,
)
from waqiti.services.notification.domain.endpoints import EndpointRow, failed
from waqiti.services.notification.domain.events import body_of
from waqiti.services.notification.domain.vault import Vault, VaultError
from waqiti.services.notification.store import deliveries, endpoints
from waqiti.services.notification.usecases.sending import Sender

POLL_SECONDS: Final = 1.0
FINISH_SECONDS: Final = 10.0
_STAYS_DOWN: Final = 3
"""Of so many pauses of a delivery that was put off, one at least brings it here again."""

_attempts: Final = counter("webhook_deliveries", "Attempts to deliver a webhook, by what became of it.", ["outcome"])
_log: Final = logger(__name__)


class _Trouble:
    """Failures of one endpoint in a row, as this process has seen them."""

    def __init__(self) -> None:
        self._failures = 0
        self._rests_until = 0.0

    def grow(self) -> None:
        """Count a failure; those that were on their way when the rest began say nothing new."""
        now = time.monotonic()
        if now >= self._rests_until:
            self._failures += 1
            self._rests_until = now + rest_of(self._failures).total_seconds()

    def room(self, share: int) -> int:
        if self._failures < TROUBLED_AFTER:
            return share
        return 0 if time.monotonic() < self._rests_until else 1


class Driver:
    """Drives deliveries of this process; others, of other replicas, skip what it has leased."""

    def __init__(self, database: Database, sender: Sender, vault: Vault) -> None:
        self._database = database
        self._sender = sender
        self._vault = vault
        self._running: dict[asyncio.Task[None], UUID] = {}
        self._troubles: dict[UUID, _Trouble] = {}
        self._unreadable: dict[UUID, float] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once: something may be due."""
        self._woken.set()

    async def check(self) -> None:
        """Tell health whether the key opens the secrets of what was to be sent of late.

        Raises:
            Problem: it does not.
        """
        shut = [one for one in self._unreadable if self._was_unreadable(one, _STAYS_DOWN)]
        if shut:
            detail = f"WAQITI_WEBHOOK_KEY_FILE does not open the secrets of {len(shut)} endpoints."
            raise Problem.unavailable("webhook_secret_unreadable", detail)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``, then let end what is on its way, at most 10 s."""
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self.wake())
        try:
            while not stop.is_set():
                self._woken.clear()
                await self._start_due()
                await rest_until_beat(self._woken, POLL_SECONDS)
        finally:
            stopping.cancel()
            await self._finish()

    async def _finish(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=FINISH_SECONDS)
        late = list(self._running)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _start_due(self) -> None:
        try:
            async with self._database.connection() as connection:
                enabled = {row.id: row for row in await endpoints.enabled(connection)}
                self._troubles = {one: trouble for one, trouble in self._troubles.items() if one in enabled}
                self._unreadable = {one: at for one, at in self._unreadable.items() if one in enabled}
                rooms = self._rooms(list(enabled))
                due = await deliveries.claim(connection, rooms, new_id()) if rooms else []
        except Problem as problem:
            _log.warning("deliveries_not_claimed", code=problem.code, detail=problem.detail)
            return
        for delivery in due:
            task = asyncio.create_task(self._deliver(delivery, enabled[delivery.endpoint_id]))
            self._running[task] = delivery.endpoint_id
            task.add_done_callback(self._ended)

    def _note(self, endpoint_id: UUID, *, arrived: bool) -> None:
        if arrived:
            self._troubles.pop(endpoint_id, None)
        else:
            self._troubles.setdefault(endpoint_id, _Trouble()).grow()

    def _rooms(self, enabled: list[UUID]) -> dict[UUID, int]:
        """Return how many more may run to each endpoint; together with what runs they are at most 32."""
        busy, share = Counter(self._running.values()), room_per_endpoint(len(enabled))
        left = MAX_RUNNING - len(self._running)
        rooms: dict[UUID, int] = {}
        for endpoint_id in random.sample(enabled, len(enabled)):
            trouble = self._troubles.get(endpoint_id)
            room = min((share if trouble is None else trouble.room(share)) - busy[endpoint_id], left)
            if room > 0 and not self._was_unreadable(endpoint_id, pauses=1):
                rooms[endpoint_id] = room
                left -= room
        return rooms

    def _was_unreadable(self, endpoint_id: UUID, pauses: int) -> bool:
        """Tell whether an endpoint's secret could not be opened within the last so many pauses."""
        at = self._unreadable.get(endpoint_id)
        return at is not None and time.monotonic() - at < pauses * UNREADABLE_PAUSE.total_seconds()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        del self._running[task]
        self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("delivery_failed", kind=type(error).__name__, exc_info=error)

    async def _deliver(self, due: DueDelivery, endpoint: EndpointRow) -> None:
        at = utc_now()
        try:
            answer = await self._attempt(due, endpoint)
        except VaultError as error:
            await self._put_off(due, error)
            return
        except Exception as error:  # noqa: BLE001 - what nobody foresaw is an attempt too, or it would be made for ever
            _log.error("delivery_failed", delivery_id=str(due.id), kind=type(error).__name__, exc_info=error)
            answer = Answer(took_ms=0, error=INTERNAL)
        what = ending(answer, due.attempts, random.random())
        if due.event is not None:
            self._note(endpoint.id, arrived=what.status == "delivered")
        async with self._database.transaction() as connection:
            if not await deliveries.record(connection, due, what, answer, at):
                _log.warning("delivery_lease_lost", delivery_id=str(due.id))
                return
            disabled = None
            if what.status == "delivered":
                await endpoints.note_success(connection, endpoint.id)
            elif due.event is not None:
                disabled = await _note_failure(connection, endpoint.id, gone=what.gone)
        _tell(due, answer, what, disabled)

    async def _put_off(self, due: DueDelivery, error: VaultError) -> None:
        """Our own key is wrong, which says nothing of the receiver: nothing was tried, and nothing counts."""
        _log.error("webhook_secret_unreadable", endpoint_id=str(due.endpoint_id), detail=str(error))
        self._unreadable[due.endpoint_id] = time.monotonic()
        _attempts.labels("put_off").inc()
        async with self._database.transaction() as connection:
            await deliveries.put_off(connection, due, UNREADABLE_PAUSE)

    async def _attempt(self, due: DueDelivery, endpoint: EndpointRow) -> Answer:
        if due.event is None:
            return Answer(took_ms=0, error=EVENT_FORGOTTEN)
        body = body_of(due.event)
        message_id = encode(prefixes.EVENT, due.event.id)
        signing = self._secrets(endpoint)
        self._unreadable.pop(endpoint.id, None)
        return await self._sender.send(endpoint.url, signed_headers(signing, message_id, utc_now(), body), body)

    def _secrets(self, endpoint: EndpointRow) -> list[str]:
        """Return the secrets that are good now, the new one first."""
        sealed = [endpoint.secret]
        if endpoint.former_secret is not None and endpoint.former_until is not None:
            sealed += [endpoint.former_secret] * (endpoint.former_until > utc_now())
        return [self._vault.open(secret, endpoint.id.bytes).decode() for secret in sealed]


async def _note_failure(connection: Connection, endpoint_id: UUID, *, gone: bool) -> str | None:
    """Return why the endpoint is disabled by this failure, if it is."""
    streak = await endpoints.lock_streak(connection, endpoint_id)
    if streak is None:
        return None
    failing = failed(streak, gone=gone)
    await endpoints.note_failure(connection, endpoint_id, failing, streak.now)
    return failing.disabled_reason


def _tell(due: DueDelivery, answer: Answer, what: Ending, disabled: str | None) -> None:
    outcome = "retried" if what.status == "pending" else what.status
    _attempts.labels(outcome).inc()
    ids = {"delivery_id": str(due.id), "endpoint_id": str(due.endpoint_id)}
    if what.status == "delivered":
        _log.debug("webhook_delivered", **ids)
    else:
        _log.warning("webhook_not_delivered", **ids, outcome=outcome, status=answer.status_code, error=answer.error)
    if disabled is not None:
        _log.error("webhook_endpoint_disabled", endpoint_id=str(due.endpoint_id), reason=disabled)
