"""What a service is given to build itself with."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal

from litestar.types import ControllerRouterHandler

import waqiti
from waqiti.foundation.actuator import Health
from waqiti.foundation.actuator.routes import Actuator
from waqiti.foundation.http import Admission, RawRoute, Replays, Rule, http_application
from waqiti.foundation.http.asgi import ASGIApp
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.http.edge import MAX_IN_FLIGHT
from waqiti.foundation.http.security_audit import SecurityAudit
from waqiti.foundation.runtime.isolation import Isolation
from waqiti.foundation.security import Authenticator, KeyRing, TokenIssuer, TokenVerifier
from waqiti.foundation.settings import SettingsError, SettingsType
from waqiti.foundation.switches.reader import Switches

if TYPE_CHECKING:
    from waqiti.foundation.database import Database


@dataclass(frozen=True)
class Context(Generic[SettingsType]):
    """Everything a service needs from its process. ``draining`` is set when requests that wait must be answered.

    ``settings`` are those of the start; what a switch may change is followed through ``switches``.
    """

    name: str
    settings: SettingsType
    switches: Switches[SettingsType]
    role: Literal["api", "worker"] | None
    draining: asyncio.Event
    health: Health
    actuator: Actuator
    keys: KeyRing
    tokens: TokenIssuer | None
    authenticator: Authenticator
    isolation: Isolation
    closing: AsyncExitStack
    _clients: dict[tuple[str, str], ServiceClient] = field(default_factory=dict)

    def client(self, deployment: str, purpose: str = "calls") -> ServiceClient:
        """Return the client of another deployment, one for each purpose; it closes with the service.

        Those of different purposes share neither connections nor a breaker.

        Raises:
            SettingsError: its ``WAQITI_URL_...`` or this service's token key is missing.
        """
        found = self._clients.get((deployment, purpose))
        if found is None:
            found = self._clients[deployment, purpose] = self._new_client(deployment)
            self.closing.push_async_callback(found.close)
        return found

    async def database(self, name: str) -> "Database":
        """Open the pool of the service's own database; it is part of its health, and closes with the service."""
        # Imported here: a service without a database, such as the gateway, never loads its driver.
        from waqiti.foundation.database import Database

        sizes = self.switches.settings
        database = await Database.open(
            self.settings.database_url, name=name, max_size=sizes.pool_max_size, min_idle=sizes.pool_min_idle
        )
        self.closing.push_async_callback(database.close)
        self.health.add("db", database.ping)
        self.switches.follow(lambda now: database.resize(now.pool_max_size, now.pool_min_idle))
        return database

    def http(
        self,
        handlers: Sequence[ControllerRouterHandler],
        *,
        raw: Sequence[RawRoute] = (),
        body_limits: Mapping[str, int] | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        access_log: bool = False,
        serve_document: bool = True,
        public_port: int | None = None,
        rules: Sequence[Rule] = (),
        replays: Replays | None = None,
    ) -> ASGIApp:
        """Return the application of these routes and the actuator's; see ``http_application``.

        ``rules`` say what switches refuse, ``replays`` whether a request was answered before.
        """
        admission, audit = Admission(rules, replays), SecurityAudit(self.name)
        self.switches.follow(audit.apply)
        self.switches.follow(admission.apply)
        self.health.tell_modes(lambda: [rule.code for rule in admission.on])
        return http_application(
            service=self.name,
            version=waqiti.__version__,
            handlers=handlers,
            raw=[*raw, *self.actuator.routes()],
            authenticate=self.authenticator,
            body_limits=body_limits,
            max_in_flight=max_in_flight,
            access_log=access_log,
            security_audit=audit,
            serve_document=serve_document,
            public_port=public_port,
            admission=admission,
        )

    def _new_client(self, deployment: str) -> ServiceClient:
        url = self.settings.urls.get(deployment)
        if url is None:
            raise SettingsError(f"{self.name} needs the address of {deployment} (WAQITI_URL_...)")
        if self.tokens is None:
            raise SettingsError(f"{self.name} needs WAQITI_TOKEN_KEY_FILE to call {deployment}")
        return ServiceClient(deployment, url, authorization=self.tokens.authorization, isolated=self.isolation.is_on)


def read_tokens(name: str, settings: SettingsType) -> TokenIssuer | None:
    """Return the issuer of this service's tokens, where it has a key."""
    return TokenIssuer.read(name, Path(settings.token_key_file)) if settings.token_key_file else None


def read_verifier(settings: SettingsType) -> TokenVerifier:
    """Return the verifier of the deployments' tokens; without a file it knows none."""
    return TokenVerifier.read(Path(settings.token_public_file)) if settings.token_public_file else TokenVerifier({})


def read_keys(settings: SettingsType) -> KeyRing:
    """Return the public keys; without a file there are none."""
    return KeyRing(Path(settings.keys_file) if settings.keys_file else None)
