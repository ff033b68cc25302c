"""A service small enough to see through, for tests of what every service stands on."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from waqiti.foundation.clock import utc_now
from waqiti.foundation.http import (
    CursorParameter,
    Incoming,
    LimitParameter,
    Operation,
    Outgoing,
    RawRoute,
    Request,
    decode_body,
    json_answer,
    read_cursor,
    requires_scope,
    requires_service,
)
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service, serve_in_background
from waqiti.foundation.security import ApiKey, KeyFile, TokenIssuer, digest_of, new_private_key, public_pem
from waqiti.foundation.settings import Settings

THINGS: Final = "thing-service"
CALLER: Final = "caller-service"
STRANGER: Final = "stranger-service"
API_KEY: Final = "wk_api_key_of_the_tests"
OPERATOR_KEY: Final = "wk_operator_key_of_the_tests"
APPROVER_KEY: Final = "wk_approver_key_of_the_tests"
LARGE_BYTES: Final = 8 * 1024 * 1024


class NewThing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[int, msgspec.Meta(ge=1)]
    names: list[str] = []
    metadata: dict[str, str] = {}


class Thing(msgspec.Struct, frozen=True):
    id: str
    amount: int
    by: str


_NEW_THING: Final = msgspec.json.Decoder(NewThing)


@get("/v1/things/{thing_id:str}")
async def read_thing(
    request: Request, thing_id: FromPath[str], limit: LimitParameter = 20, cursor: CursorParameter = None
) -> Thing:
    """Read one thing."""
    read_cursor(cursor, of="things")
    return Thing(thing_id, limit, request.principal.key_id)


@post("/v1/things", status_code=201)
async def add_thing(request: Request, data: JSONBody[NewThing]) -> Thing:
    """Add a thing."""
    return Thing("thing_1", data.amount, request.principal.key_id)


@post("/v1/keyed", status_code=200)
async def add_keyed(request: Request, data: JSONBody[NewThing]) -> Response[Thing]:
    """Add a thing under a key."""
    key = request.request_key
    return json_answer(msgspec.json.encode(Thing(key.key, data.amount, key.scope.hex())), 200, replayed=True)


@post("/v1/large", status_code=200)
async def add_large(data: JSONBody[NewThing]) -> dict[str, int]:
    """Add a large thing."""
    return {"names": sum(len(name) for name in data.names)}


@get("/v1/operators", guards=[requires_scope("operator")])
async def for_operators() -> dict[str, bool]:
    """Answer operators."""
    return {"ok": True}


@get("/v1/broken")
async def broken() -> dict[str, str]:
    """Fail as nobody foresaw."""
    raise RuntimeError("a secret that must not leave")


@get("/internal/framework", guards=[requires_service(CALLER)])
async def internal_framework(request: Request) -> dict[str, str]:
    """Answer one deployment."""
    return {"service": request.principal.service or ""}


async def raw_thing(incoming: Incoming) -> Outgoing:
    thing = decode_body(_NEW_THING, incoming.body)
    return Outgoing(200, msgspec.json.encode(Thing("raw", thing.amount, incoming.principal.key_id)))


async def raw_broken(_incoming: Incoming) -> Outgoing:
    raise RuntimeError("a secret that must not leave")


class Waiting:
    """A handler that answers when told, or at once where the service drains."""

    def __init__(self) -> None:
        self.entered = asyncio.Semaphore(0)
        self.release = asyncio.Event()
        self.draining: asyncio.Event

    async def handle(self, _incoming: Incoming) -> Outgoing:
        self.entered.release()
        told = [asyncio.create_task(event.wait()) for event in (self.release, self.draining)]
        await asyncio.wait(told, return_when=asyncio.FIRST_COMPLETED)
        for task in told:
            task.cancel()
        return Outgoing(202 if self.draining.is_set() else 201, b"{}")


def things(
    *,
    raw: list[RawRoute] | None = None,
    workers: list[BackgroundTask] | None = None,
    on_build: Callable[[Context[Settings]], None] | None = None,
    max_in_flight: int = 4096,
    access_log: bool = False,
) -> Service[Settings]:
    """Return the service."""

    @asynccontextmanager
    async def build(context: Context[Settings]) -> AsyncIterator[Application]:
        if on_build is not None:
            on_build(context)
        handlers: list[ControllerRouterHandler] = [
            read_thing,
            add_thing,
            add_keyed,
            add_large,
            for_operators,
            broken,
            internal_framework,
        ]
        described = Operation(summary="Make a raw thing.", body=NewThing, replies={200: Thing})
        routes = [
            RawRoute(method="POST", path="/v1/raw", handler=raw_thing, operation=described),
            RawRoute(method="GET", path="/v1/raw-broken", handler=raw_broken),
            RawRoute(
                method="POST",
                path="/internal/raw",
                handler=raw_thing,
                strict_json=False,
                services=frozenset({CALLER}),
                max_body_bytes=LARGE_BYTES,
            ),
            *(raw or []),
        ]
        asgi = context.http(
            handlers,
            raw=routes,
            body_limits={"/v1/large": LARGE_BYTES},
            max_in_flight=max_in_flight,
            access_log=access_log,
        )
        yield Application(asgi=asgi, workers=workers or [])

    return Service(name=THINGS, settings=Settings, build=build)


class Credentials:
    """Keys and tokens of a test, in files as the cluster writes them."""

    def __init__(self, directory: Path) -> None:
        self.keys_file = directory / "keys.json"
        self._public_file = directory / "public.json"
        self._private = {name: new_private_key() for name in (CALLER, STRANGER)}
        self._private_files = {name: directory / f"{name}.pem" for name in self._private}
        for name, pem in self._private.items():
            self._private_files[name].write_text(pem)
        public = {name: public_pem(pem) for name, pem in self._private.items()}
        self._public_file.write_bytes(msgspec.json.encode(public))
        self.write_keys({API_KEY: ["api"], OPERATOR_KEY: ["operator"], APPROVER_KEY: ["approver"]})

    def write_keys(self, keys: Mapping[str, list[str]]) -> None:
        entries = [
            ApiKey(id=f"key_{scopes[0]}", sha256=digest_of(key), scopes=scopes, created_at=utc_now())
            for key, scopes in keys.items()
        ]
        fresh = self.keys_file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(KeyFile(entries)))
        fresh.rename(self.keys_file)

    def environment(self, service: str | None = None) -> dict[str, str]:
        """Return a service's variables, with its token key where it has one."""
        environment = {"WAQITI_KEYS_FILE": str(self.keys_file), "WAQITI_TOKEN_PUBLIC_FILE": str(self._public_file)}
        if service in self._private_files:
            environment["WAQITI_TOKEN_KEY_FILE"] = str(self._private_files[service])
        return environment

    def issuer(self, service: str) -> TokenIssuer:
        return TokenIssuer(service, self._private[service])


@asynccontextmanager
async def serving(service: Service[Settings], credentials: Credentials) -> AsyncIterator[str]:
    """Serve ``service`` and give its base URL."""
    async with serve_in_background([service], {THINGS: credentials.environment()}) as addresses:
        yield addresses[THINGS]


def refused_url() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
