"""What frames a request, on real sockets: trailers, upgrades, hosts, transfer codings, and the room for bodies."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.raw import talk
from tests.support.small_service import API_KEY, Credentials, Waiting, serving, things
from waqiti.foundation.http import Incoming, Outgoing, RawRoute, body
from waqiti.foundation.runtime import Context, listener
from waqiti.foundation.settings import Settings

BEARER = f"Authorization: Bearer {API_KEY}"
CHUNKED = "Transfer-Encoding: chunked"
H2C = [
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
]
GOOD = b'{"amount":1250}'
IN_CHUNKS = b"4\r\n" + GOOD[:4] + b"\r\n%x\r\n" % (len(GOOD) - 4) + GOOD[4:] + b"\r\n0\r\n"
ECHO = "/v1/echo"


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path)


class Echo:
    """Answers a request with what it was taken for, and keeps the paths it served."""

    def __init__(self) -> None:
        self.served: list[str] = []

    async def handle(self, incoming: Incoming) -> Outgoing:
        self.served.append(incoming.path)
        headers = [name.decode() for name, _ in incoming.headers]
        seen = {"path": incoming.path, "body": incoming.body.decode("latin-1"), "headers": headers}
        return Outgoing(200, json.dumps(seen).encode())


@asynccontextmanager
async def echoing(credentials: Credentials) -> AsyncIterator[tuple[str, Echo]]:
    echo = Echo()
    routes = [RawRoute(method="*", path=path, handler=echo.handle, strict_json=False) for path in (ECHO, ECHO + "/*")]
    async with serving(things(raw=routes), credentials) as url:
        yield url, echo


def head(method: str, path: str, *lines: str, version: str = "1.1", host: str = "Host: localhost") -> bytes:
    given = [f"{method} {path} HTTP/{version}", *([host] if host else []), BEARER, "Idempotency-Key: a", *lines, "", ""]
    return "\r\n".join(given).encode()


def post(*lines: str, path: str = ECHO, content: bytes = GOOD) -> bytes:
    return head("POST", path, "Content-Type: application/json", f"Content-Length: {len(content)}", *lines) + content


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", answers)]


def documents(answers: bytes) -> list[dict[str, object]]:
    return [json.loads(found) for found in re.findall(rb"\r\n\r\n(\{.*?\})(?=HTTP/1|\Z)", answers, re.DOTALL)]


class Talk:
    """One connection whose pieces leave one by one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0.002)

    async def document(self) -> dict[str, object]:
        answered = await self.reader.readuntil(b"\r\n\r\n")
        length = int(re.findall(rb"content-length: (\d+)", answered)[0])
        return {"status": statuses(answered)[0], **json.loads(await self.reader.readexactly(length))}


@asynccontextmanager
async def talking(url: str) -> AsyncIterator[Talk]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(20):
            yield Talk(reader, writer)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "trailers",
    [
        b"".join(b"X-%d: %b\r\n" % (n, b"x" * 20) for n in range(200_000)),
        b"X: " + b"x" * 4_000_000,
        b"a:\r\n" * 900_000,
    ],
    ids=["many", "one long", "many short"],
)
async def test_trailers_without_end_are_cut_off(credentials: Credentials, trailers: bytes) -> None:
    async with echoing(credentials) as (url, echo):
        async with talking(url) as talk_to:
            with suppress(ConnectionError):
                await talk_to.say(head("POST", ECHO, CHUNKED), IN_CHUNKS, trailers)
                assert statuses(await talk_to.reader.read()) == [400]
        assert echo.served == []


async def test_too_many_trailers_are_refused_with_a_problem_and_the_request_is_not_served(
    credentials: Credentials,
) -> None:
    field = b"X-Trailer: " + b"x" * 1000 + b"\r\n"
    async with echoing(credentials) as (url, echo):
        async with talking(url) as talk_to:
            await talk_to.say(head("POST", ECHO, CHUNKED), IN_CHUNKS, *[field] * 64, field * 10)
            answer = await talk_to.document()
            assert (answer["status"], answer["code"]) == (400, "bad_request")
        assert echo.served == []


async def test_trailers_are_dropped_wherever_they_arrive(credentials: Credentials) -> None:
    trailers = b"X-Late: 1\r\nHost: other\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-Last: 2\r\n\r\n"
    whole = head("POST", ECHO, CHUNKED) + IN_CHUNKS + trailers
    expected = ["host", "authorization", "idempotency-key", "transfer-encoding"]
    async with echoing(credentials) as (url, _), talking(url) as talk_to:
        for cut in range(len(whole) - len(trailers) - 8, len(whole)):
            await talk_to.say(whole[:cut], whole[cut:])
            answer = await talk_to.document()
            assert (answer["body"], answer["headers"]) == (GOOD.decode(), expected)
        await talk_to.say(whole + post())
        assert (await talk_to.document())["headers"] == expected
        after = await talk_to.document()
        assert after["headers"] == ["host", "authorization", "idempotency-key", "content-type", "content-length"]


async def test_a_trailer_may_end_the_connection(credentials: Credentials) -> None:
    async with echoing(credentials) as (url, echo):
        for pieces in ((b"Connection: close\r\n\r\n" + post(),), (b"Connection: close\r\n", b"\r\n")):
            async with talking(url) as talk_to:
                await talk_to.say(head("POST", ECHO, CHUNKED), IN_CHUNKS + pieces[0], *pieces[1:])
                assert statuses(await talk_to.reader.read()) == [200]
        assert echo.served == [ECHO, ECHO]


async def test_a_trailer_authenticates_nobody(credentials: Credentials) -> None:
    anonymous = f"POST {ECHO} HTTP/1.1\r\nHost: localhost\r\n{CHUNKED}\r\n\r\n".encode()
    trailer = BEARER.encode() + b"\r\n\r\n"
    async with echoing(credentials) as (url, echo):
        for pieces in (
            (anonymous + IN_CHUNKS + trailer,),
            (anonymous, IN_CHUNKS + trailer),
            (anonymous, IN_CHUNKS, trailer),
        ):
            assert statuses(await asyncio.to_thread(talk, url, *pieces)) == [401]
        assert echo.served == []


@pytest.mark.parametrize("offer", [H2C, ["Upgrade: websocket", "Connection: keep-alive, upgrade"]])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_an_offer_to_upgrade_is_not_taken_up_wherever_the_packets_end(
    credentials: Credentials, framing: str, offer: list[str]
) -> None:
    whole = (
        post(*offer) if framing == "length" else head("POST", ECHO, *offer, CHUNKED) + IN_CHUNKS + b"X-Late: 1\r\n\r\n"
    )
    async with echoing(credentials) as (url, echo), talking(url) as talk_to:
        for cut in range(1, len(whole)):
            await talk_to.say(whole[:cut], whole[cut:])
            answer = await talk_to.document()
            assert (answer["status"], answer["body"]) == (200, GOOD.decode())
            assert not {"upgrade", "x-late"} & set(answer["headers"])  # type: ignore[call-overload]
        await talk_to.say(*[whole[place : place + 1] for place in range(len(whole))])
        assert (await talk_to.document())["body"] == GOOD.decode()
        assert len(echo.served) == len(whole)


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_the_body_of_a_request_that_offers_an_upgrade_is_never_a_request(
    credentials: Credentials, framing: str
) -> None:
    hidden = head("DELETE", ECHO + "/hidden")
    given, content = (
        ([f"Content-Length: {len(hidden)}"], hidden)
        if framing == "length"
        else ([CHUNKED], b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden))
    )
    first = head("POST", ECHO, *H2C, *given)
    async with echoing(credentials) as (url, echo):
        for pieces in ((first + content,), (first, content), (first, content[:9], content[9:])):
            async with talking(url) as talk_to:
                await talk_to.say(*pieces)
                assert (await talk_to.document())["body"] == hidden.decode()
                await talk_to.say(head("GET", ECHO + "/after"))
                assert (await talk_to.document())["path"] == ECHO + "/after"
        assert echo.served == [ECHO, ECHO + "/after"] * 3


async def test_requests_ahead_of_and_behind_an_offer_are_answered_in_order(credentials: Credentials) -> None:
    requests = [
        head("GET", ECHO + "/0"),
        post(*H2C, path=ECHO + "/1"),
        head("GET", ECHO + "/2", *H2C),
        head("POST", ECHO + "/3", *H2C, CHUNKED) + IN_CHUNKS + b"\r\n",
        post(path=ECHO + "/4"),
        head("POST", ECHO + "/5", "Connection: Upgrade, close", "Upgrade: h2c", "Content-Length: 2") + b"{}",
    ]
    whole = b"".join(requests)
    async with echoing(credentials) as (url, _):
        for pieces in (
            [whole],
            requests,
            [whole[:700], whole[700:]],
            [whole[: len(whole) // 2], whole[len(whole) // 2 :]],
        ):
            async with talking(url) as talk_to:
                await talk_to.say(*pieces)
                answers = await talk_to.reader.read()
            assert [answer["path"] for answer in documents(answers)] == [f"{ECHO}/{number}" for number in range(6)]


@pytest.mark.parametrize("target", ["example.com:443", ECHO])
async def test_there_is_no_tunnel(credentials: Credentials, target: str) -> None:
    async with echoing(credentials) as (url, echo):
        answers = await asyncio.to_thread(talk, url, head("CONNECT", target, *H2C) + head("GET", ECHO))
        assert statuses(answers) == [400]
        assert echo.served == []


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize(
    "host", ["Host: a\r\nHost: a", "Host: a\r\nX: y\r\nhost: b", "Host: a/b", "Host: a@b", "Host: a b"]
)
async def test_one_host_is_named_and_well_formed(credentials: Credentials, host: str, version: str) -> None:
    async with echoing(credentials) as (url, echo):
        answers = await asyncio.to_thread(
            talk, url, head("POST", ECHO, "Content-Length: 2", host=host, version=version) + b"{}" + post()
        )
        assert statuses(answers) == [400]
        assert documents(answers)[0]["code"] == "bad_request"
        assert b"connection: close" in answers
        assert echo.served == []


async def test_only_http_1_0_may_leave_the_host_out(credentials: Credentials) -> None:
    async with echoing(credentials) as (url, echo):
        assert statuses(await asyncio.to_thread(talk, url, head("GET", ECHO, host="") + post())) == [400]
        assert echo.served == []
        for given in (head("GET", ECHO, host="", version="1.0"), head("GET", ECHO, host="Host: [::1]:80 ")):
            assert statuses(await asyncio.to_thread(talk, url, given)) == [200]
        assert statuses(await asyncio.to_thread(talk, url, head("GET", ECHO, host="Host:"))) == [200]


@pytest.mark.parametrize(
    "coding",
    [
        "gzip, chunked",
        "gzip",
        "identity",
        "chunked, chunked",
        ", chunked",
        "chunked, gzip",
        "xchunked",
        "gzip\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked\r\nContent-Length: 3",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_transfer_is_chunked_and_nothing_else(credentials: Credentials, coding: str, method: str) -> None:
    given = head(method, ECHO, f"Transfer-Encoding: {coding}")
    async with echoing(credentials) as (url, echo):
        for pieces in ((given, IN_CHUNKS + b"\r\n" + post()), (given + IN_CHUNKS + b"\r\n" + post(),)):
            answers = await asyncio.to_thread(talk, url, *pieces)
            assert statuses(answers) == [400]
            assert b"connection: close" in answers
        assert echo.served == []


async def test_chunked_has_no_case_and_is_not_of_http_1_0(credentials: Credentials) -> None:
    async with echoing(credentials) as (url, _):
        for version, status in (("1.1", 200), ("1.0", 400)):
            given = head("POST", ECHO, "Transfer-Encoding: Chunked ", version=version) + IN_CHUNKS + b"\r\n"
            assert statuses(await asyncio.to_thread(talk, url, given)) == [status]


async def test_a_stream_of_requests_is_no_long_head(credentials: Credentials) -> None:
    async with echoing(credentials) as (url, echo):
        answers = await asyncio.to_thread(talk, url, head("GET", ECHO) * 6_000)
        assert statuses(answers) == [200] * 6_000
        assert len(echo.served) == 6_000


async def test_small_chunks_in_packets_of_their_own_are_no_trailers(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MAX_HEAD_BYTES", 300)
    async with echoing(credentials) as (url, _), talking(url) as talk_to:
        await talk_to.say(head("POST", ECHO, CHUNKED), *[b"1\r\n", b"x", b"\r\n"] * 100, b"0\r\n\r\n")
        assert (await talk_to.document())["body"] == "x" * 100


async def test_empty_lines_do_not_keep_a_connection(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "RECEIVE_SECONDS", 0.3)
    async with echoing(credentials) as (url, _), talking(url) as talk_to:
        await talk_to.say(post())
        await talk_to.document()
        await talk_to.say(b"\r\n")
        async with asyncio.timeout(5):
            assert await talk_to.reader.read() == b""


@asynccontextmanager
async def waiting_service(credentials: Credentials) -> AsyncIterator[tuple[str, Waiting]]:
    waiting = Waiting()

    def on_build(context: Context[Settings]) -> None:
        waiting.draining = context.draining

    route = RawRoute(method="POST", path="/v1/wait", handler=waiting.handle, strict_json=False)
    async with serving(things(raw=[route], on_build=on_build), credentials) as url:
        yield url, waiting


@pytest.mark.parametrize("rest", [b"NOT HTTP AT ALL\r\n\r\n", b"GET /" + b"a" * 400_000])
async def test_what_is_wrong_behind_a_request_is_not_its_answer(credentials: Credentials, rest: bytes) -> None:
    async with waiting_service(credentials) as (url, waiting), talking(url) as talk_to:
        await talk_to.say(post(path="/v1/wait") + post(path="/v1/wait"), rest)
        await waiting.entered.acquire()
        waiting.release.set()
        with suppress(ConnectionResetError):
            assert statuses(await talk_to.reader.read()) == [201, 201]


async def until_no_body_is_held() -> None:
    async with asyncio.timeout(5):
        while body.ROOM.held_bytes:
            await asyncio.sleep(0.01)


async def test_beyond_its_room_for_bodies_a_process_says_overloaded(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body.ROOM, "limit_bytes", 100_000)
    content = b"x" * 60_000
    chunked = head("POST", "/v1/wait", CHUNKED) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
    asks = head("POST", "/v1/wait", "Expect: 100-continue", "Content-Length: 60000")
    async with waiting_service(credentials) as (url, waiting), talking(url) as first:
        await first.say(post(path="/v1/wait", content=content))
        await waiting.entered.acquire()
        for refused in (post(path="/v1/wait", content=content), chunked, asks):
            answers = await asyncio.to_thread(talk, url, refused)
            assert statuses(answers) == [503]
            assert (documents(answers)[0]["code"], documents(answers)[0]["retryable"]) == ("overloaded", True)
            assert b"retry-after: 1" in answers
        assert statuses(await asyncio.to_thread(talk, url, post(path="/v1/raw"))) == [200]
        assert body.ROOM.held_bytes == len(content)
        waiting.release.set()
        await first.reader.readuntil(b"{}")
        assert statuses(await asyncio.to_thread(talk, url, chunked)) == [201]
        await until_no_body_is_held()


async def test_the_room_of_a_body_is_given_back_whichever_way_its_request_ends(credentials: Credentials) -> None:
    large, partial = b"x" * 2_000_000, b"x" * 300_000
    announced, chunked = [head("POST", "/v1/wait", line) for line in ("Content-Length: 900000", CHUNKED)]
    async with waiting_service(credentials) as (url, waiting):
        for given in (
            post(path="/v1/raw-broken", content=b"{}"),
            post(path="/v1/raw", content=b"not JSON"),
            post(path="/v1/large", content=GOOD),
            chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(large), large),
            announced + partial,
            chunked + b"fffff\r\n" + partial + b"NOT A CHUNK",
            chunked + b"3\r\nabc\r\nNOT A CHUNK",
        ):
            await asyncio.to_thread(talk, url, given)
            await until_no_body_is_held()
        async with talking(url) as gone:
            await gone.say(post(path="/v1/wait", content=partial))
            await waiting.entered.acquire()
            assert body.ROOM.held_bytes == len(partial)
        waiting.release.set()
        await until_no_body_is_held()
