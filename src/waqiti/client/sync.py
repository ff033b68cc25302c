"""The synchronous client: a portal into an event loop of its own, where the asynchronous one runs."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from waqiti.client import resources
from waqiti.client.aio import AsyncClient
from waqiti.client.models import Models
from waqiti.client.transport import DEFAULT_TIMEOUT_SECONDS

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class _Portal:
    """An event loop in a daemon thread, and calls into it that wait for the answer."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="waqiti-client", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def blocking(self, method: Callable[Parameters, Coroutine[Any, Any, Result]]) -> Callable[Parameters, Result]:
        @wraps(method)
        def blocking_call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            return self.call(method(*args, **kwargs))

        return blocking_call

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


class _Customers:
    def __init__(self, portal: _Portal, customers: resources.Customers) -> None:
        self.create = portal.blocking(customers.create)
        self.get = portal.blocking(customers.get)
        self.verify = portal.blocking(customers.verify)


class _Cases:
    def __init__(self, portal: _Portal, cases: resources.Cases) -> None:
        self.list = portal.blocking(cases.list)
        self.get = portal.blocking(cases.get)
        self.decide = portal.blocking(cases.decide)


class _Wallets:
    def __init__(self, portal: _Portal, wallets: resources.Wallets) -> None:
        self.create = portal.blocking(wallets.create)
        self.get = portal.blocking(wallets.get)
        self.list = portal.blocking(wallets.list)
        self.balance = portal.blocking(wallets.balance)
        self.entries = portal.blocking(wallets.entries)
        self.statement = portal.blocking(wallets.statement)
        self.statement_csv = portal.blocking(wallets.statement_csv)
        self.freeze = portal.blocking(wallets.freeze)
        self.unfreeze = portal.blocking(wallets.unfreeze)
        self.close = portal.blocking(wallets.close)


class _Movements:
    def __init__(self, portal: _Portal, movements: resources.Movements) -> None:
        self.create = portal.blocking(movements.create)
        self.get = portal.blocking(movements.get)


class _Payments:
    def __init__(self, portal: _Portal, payments: resources.Payments) -> None:
        self.create = portal.blocking(payments.create)
        self.batch = portal.blocking(payments.batch)
        self.get = portal.blocking(payments.get)
        self.list = portal.blocking(payments.list)
        self.events = portal.blocking(payments.events)
        self.capture = portal.blocking(payments.capture)
        self.void = portal.blocking(payments.void)
        self.refund = portal.blocking(payments.refund)
        self.dispute = portal.blocking(payments.dispute)
        self.disputes = portal.blocking(payments.disputes)


class _Refunds:
    def __init__(self, portal: _Portal, refunds: resources.Refunds) -> None:
        self.get = portal.blocking(refunds.get)


class _Disputes:
    def __init__(self, portal: _Portal, disputes: resources.Disputes) -> None:
        self.get = portal.blocking(disputes.get)
        self.list = portal.blocking(disputes.list)
        self.resolve = portal.blocking(disputes.resolve)


class _Reviews:
    def __init__(self, portal: _Portal, reviews: resources.Reviews) -> None:
        self.list = portal.blocking(reviews.list)
        self.get = portal.blocking(reviews.get)
        self.decide = portal.blocking(reviews.decide)


class _Models:
    def __init__(self, portal: _Portal, models: Models) -> None:
        self.metrics = portal.blocking(models.metrics)
        self.versions = portal.blocking(models.versions)
        self.history = portal.blocking(models.history)
        self.revision = portal.blocking(models.revision)
        self.artifact = portal.blocking(models.artifact)
        self.card = portal.blocking(models.card)
        self.register = portal.blocking(models.register)
        self.compare = portal.blocking(models.compare)
        self.promote = portal.blocking(models.promote)
        self.roll_back = portal.blocking(models.roll_back)


class _Status:
    def __init__(self, portal: _Portal, status: resources.Status) -> None:
        self.get = portal.blocking(status.get)


class _Events:
    def __init__(self, portal: _Portal, events: resources.Events) -> None:
        self.list = portal.blocking(events.list)
        self.get = portal.blocking(events.get)


class _Webhooks:
    def __init__(self, portal: _Portal, webhooks: resources.Webhooks) -> None:
        self.create = portal.blocking(webhooks.create)
        self.list = portal.blocking(webhooks.list)
        self.get = portal.blocking(webhooks.get)
        self.disable = portal.blocking(webhooks.disable)
        self.enable = portal.blocking(webhooks.enable)
        self.delete = portal.blocking(webhooks.delete)
        self.rotate_secret = portal.blocking(webhooks.rotate_secret)
        self.test = portal.blocking(webhooks.test)
        self.deliveries = portal.blocking(webhooks.deliveries)
        self.replay = portal.blocking(webhooks.replay)


class Client:
    """Calls a Waqiti platform, waiting for each answer; may be used from several threads.

    >>> with Client("http://127.0.0.1:8080", api_key) as waqiti:
    ...     payment = waqiti.payments.create(from_wallet=a, to_wallet=b, amount=1250, currency="EUR")
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_connections: int = 100,
        max_attempts: int = 4,
    ) -> None:
        self._closed = False
        self._portal = _Portal()
        self._client = AsyncClient(
            base_url,
            api_key,
            timeout_seconds=timeout_seconds,
            max_connections=max_connections,
            max_attempts=max_attempts,
        )
        self.customers = _Customers(self._portal, self._client.customers)
        self.cases = _Cases(self._portal, self._client.cases)
        self.wallets = _Wallets(self._portal, self._client.wallets)
        self.deposits = _Movements(self._portal, self._client.deposits)
        self.withdrawals = _Movements(self._portal, self._client.withdrawals)
        self.payments = _Payments(self._portal, self._client.payments)
        self.refunds = _Refunds(self._portal, self._client.refunds)
        self.disputes = _Disputes(self._portal, self._client.disputes)
        self.reviews = _Reviews(self._portal, self._client.reviews)
        self.models = _Models(self._portal, self._client.models)
        self.status = _Status(self._portal, self._client.status)
        self.events = _Events(self._portal, self._client.events)
        self.webhooks = _Webhooks(self._portal, self._client.webhooks)

    def close(self) -> None:
        """Close all connections and the event loop; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._portal.call(self._client.aclose())
            self._portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
