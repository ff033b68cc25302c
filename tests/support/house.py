"""Several services in one event loop, on real sockets and fresh databases, as the cluster would run them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from tests.support.databases import FreshDatabase
from tests.support.raw import Answer, RawClient
from tests.support.small_service import refused_url
from waqiti.contracts.catalog import DEPLOYMENTS, LEDGER, NOTIFICATION, PAYMENT, WALLET, deployment
from waqiti.foundation.clock import utc_now
from waqiti.foundation.runtime import Service, serve_in_background
from waqiti.foundation.security import ApiKey, KeyFile, TokenIssuer, digest_of, new_private_key, public_pem
from waqiti.foundation.settings import events_variable, variable_name
from waqiti.services.ledger.usecases.verify import verify
from waqiti.services.payment.usecases.attestations import open_attestations as of_payments
from waqiti.services.wallet.usecases.attestations import open_attestations as of_movements

API_KEY: Final = "wk_api_key_of_the_house"
OPERATOR_KEY: Final = "wk_operator_key_of_the_house"
APPROVER_KEY: Final = "wk_approver_key_of_the_house"
TESTER: Final = "api-gateway"
DEADLINE_SECONDS: Final = 15.0
_ATTESTING: Final = {PAYMENT: of_payments, WALLET: of_movements}

MakeDatabase = Callable[[str], FreshDatabase]
AnyService = Service[Any]


class House:
    """Files and databases of a set of services; each may be started, stopped and started again on its own."""

    def __init__(self, directory: Path, fresh_database: MakeDatabase, names: Sequence[str]) -> None:
        self._directory = directory
        self._private = {row.name: new_private_key() for row in DEPLOYMENTS}
        for name, pem in self._private.items():
            (directory / f"{name}.pem").write_text(pem)
        public = {name: public_pem(pem) for name, pem in self._private.items()}
        (directory / "public.json").write_bytes(msgspec.json.encode(public))
        (directory / "webhooks.key").write_bytes(base64.b64encode(bytes(32)))
        keys = [
            _key("key_api", API_KEY, "api"),
            _key("key_operator", OPERATOR_KEY, "operator"),
            _key("key_approver", APPROVER_KEY, "operator"),
        ]
        (directory / "keys.json").write_bytes(msgspec.json.encode(KeyFile(keys)))
        self.databases = {name: fresh_database(name) for name in names if deployment(name).database is not None}

    @asynccontextmanager
    async def serving(
        self,
        services: Sequence[AnyService],
        elsewhere: Mapping[str, str] | None = None,
        own: Mapping[str, Mapping[str, str]] | None = None,
        role: Literal["api", "worker"] | None = None,
        **variables: str,
    ) -> AsyncIterator[dict[str, str]]:
        """Serve; give the addresses. ``elsewhere`` tells where others are; any other one refuses connections.

        ``variables`` are for all services, ``own`` holds those of one by its name; ``role`` as for a process.
        """
        away = {variable_name(row.name): refused_url() for row in DEPLOYMENTS}
        known = {variable_name(name): url for name, url in (elsewhere or {}).items()}
        environments = {service.name: self.environment(service.name) | away | known for service in services}
        for service in services:
            for other in services:
                environments[service.name].pop(variable_name(other.name))
            environments[service.name] |= {**variables, **(own or {}).get(service.name, {})}
        async with serve_in_background(services, environments, role=role) as addresses:
            yield addresses

    def client(self, url: str, key: str = API_KEY) -> "Visitor":
        return Visitor(RawClient(url, key))

    def internal_client(self, url: str, caller: str = TESTER) -> "Visitor":
        token = self.issuer(caller).authorization().decode().removeprefix("Bearer ")
        return Visitor(RawClient(url, token))

    def issuer(self, caller: str) -> TokenIssuer:
        """Return who signs the tokens of ``caller``."""
        return TokenIssuer(caller, self._private[caller])

    async def assert_books_balance(self) -> None:
        """Assert that the books are proved, and bear out what the other services say."""
        attesting = [
            partial(opened, self.databases[name].url) for name, opened in _ATTESTING.items() if name in self.databases
        ]
        verdict = await verify(self.databases[LEDGER].url, attesting)
        assert verdict.balanced, verdict.problems

    def environment(self, name: str) -> dict[str, str]:
        """Return a service's variables, without the addresses of others."""
        environment = {
            "WAQITI_KEYS_FILE": str(self._directory / "keys.json"),
            "WAQITI_TOKEN_PUBLIC_FILE": str(self._directory / "public.json"),
            "WAQITI_TOKEN_KEY_FILE": str(self._directory / f"{name}.pem"),
            "WAQITI_STATE": str(self._directory),
        }
        if name == NOTIFICATION:
            environment["WAQITI_WEBHOOK_KEY_FILE"] = str(self._directory / "webhooks.key")
            environment["WAQITI_WEBHOOK_PRIVATE_TARGETS"] = "true"
        if name in self.databases:
            environment["WAQITI_DATABASE_URL"] = self.databases[name].url
        for producer in deployment(name).reads_events_of:
            if producer in self.databases:
                environment[events_variable(producer)] = self.databases[producer].reader_url(name)
        return environment


class Visitor:
    """Calls a service without blocking the event loop that serves it."""

    def __init__(self, raw: RawClient) -> None:
        self._raw = raw

    async def get(self, path: str) -> Answer:
        return await asyncio.to_thread(self._raw.get, path)

    async def post(self, path: str, body: object, *, idempotency_key: str | None = None) -> Answer:
        return await asyncio.to_thread(self._raw.post, path, body, idempotency_key=idempotency_key)

    async def send(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        return await asyncio.to_thread(self._raw.send, method, path, json.dumps(body).encode(), headers)

    async def settled(self, path: str, *, leaves: frozenset[str] = frozenset({"pending", "screening"})) -> Any:
        """Read ``path`` until its status is none of ``leaves``, at most 15 s."""
        deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
        while True:
            document = (await self.get(path)).document()
            if document["status"] not in leaves:
                return document
            assert asyncio.get_running_loop().time() < deadline, document
            await asyncio.sleep(0.02)


def _key(key_id: str, key: str, scope: str) -> ApiKey:
    return ApiKey(id=key_id, sha256=digest_of(key), scopes=[scope], created_at=utc_now())
