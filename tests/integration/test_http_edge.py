"""The edge of a service, on real sockets: bounds, strictness, doors, problem documents."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.raw import Answer, RawClient, talk
from tests.support.small_service import API_KEY, CALLER, OPERATOR_KEY, STRANGER, Credentials, Waiting, serving, things
from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.foundation.runtime import Context, listener
from waqiti.foundation.settings import Settings

MIB = 1024 * 1024
GOOD = b'{"amount":1250,"names":["a"]}'
_KEY = "Idempotency-Key: key-of-the-test"
Send = Callable[..., Coroutine[Any, Any, Answer]]


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path)


def sender(url: str, key: str | None = API_KEY) -> Send:
    """Return a coroutine function that sends one request from a thread of its own."""
    client = RawClient(url, key)

    async def send(
        method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        given = {"Idempotency-Key": "key-of-the-test"} | (headers or {})
        return await asyncio.to_thread(client.send, method, path, body, given, **options)

    return send


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status, answer
    problem = answer.problem()
    assert problem["code"] == code
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_a_good_request_is_answered_by_the_framework_and_by_a_raw_route(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        send = sender(url)
        read = await send("GET", "/v1/things/abc?limit=7")
        assert (read.status, read.document()) == (200, {"id": "abc", "amount": 7, "by": "key_api"})
        for path, status in (("/v1/things", 201), ("/v1/raw", 200)):
            answer = await send("POST", path, GOOD)
            assert (answer.status, answer.document()["amount"]) == (status, 1250)
            assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("path", ["/v1/things", "/v1/raw"])
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", ""),
        (b'"text"', ""),
        (b'{"amount":1,"amount":2}', None),
        (b'{"amount":"1"}', "/amount"),
        (b'{"amount":1.5}', "/amount"),
        (b'{"amount":0}', "/amount"),
        (b'{"amount":1,"other":1}', "/other"),
        (b'{"amount":1,"names":["a\\u0000"]}', "/names/0"),
        (b'{"amount":1,"metadata":{"k":"\\ud800"}}', "/metadata/k"),
        (b'{"amount":1,"names":' + b"[" * 32 + b"]" * 32 + b"}", None),
        (b'{"amount":1e400}', None),
        (b"\xff\xfe", None),
    ],
)
async def test_a_bad_body_is_invalid_whichever_way_its_route_is_built(
    credentials: Credentials, path: str, body: bytes, pointer: str | None
) -> None:
    async with serving(things(), credentials) as url:
        answer = await sender(url)("POST", path, body)
    assert_problem(answer, 422, "invalid_request")
    if pointer is not None:
        assert [error["pointer"] for error in answer.document()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "?limit"),
        ("limit=101", "?limit"),
        ("limit=abc", "?limit"),
        ("limit=1.5", "?limit"),
        ("limit=", "?limit"),
        ("limit=99999999999999999999", "?limit"),
        ("cursor=nonsense", "?cursor"),
        ("limit=5&cursor=a%00b", "?cursor"),
        ("limit=1.0", "?limit"),
        ("limit=1e1", "?limit"),
        ("limit=%D9%A3", "?limit"),
        ("limit=5&limit=5", "?limit"),
        ("cursor=%zz", "?cursor"),
        ("cursor=%ff", "?cursor"),
        ("page=2", "?page"),
        ("=1", "?"),
    ],
)
async def test_a_bad_query_is_invalid_and_named(credentials: Credentials, query: str, pointer: str) -> None:
    async with serving(things(), credentials) as url:
        answer = await sender(url)("GET", f"/v1/things/abc?{query}")
    assert_problem(answer, 422, "invalid_request")
    assert [error["pointer"] for error in answer.document()["errors"]] == [pointer]


async def test_a_bad_parameter_and_a_missing_body_are_described_in_words(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        parameter = await sender(url)("GET", "/v1/things/abc?limit=101")
        body = await sender(url)("POST", "/v1/things")
    assert parameter.document()["detail"] == "The parameter limit must be at most 100."
    assert body.document()["detail"] == "A JSON body is needed."


async def test_what_is_not_there_not_offered_or_not_json_says_so(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        send = sender(url)
        for path in ("/v1/nothing", "/", "//v1/things/a", "/v1//things/a", "/v1/things/a/", "/v1/%00", "/v1/raw/x"):
            assert_problem(await send("GET", path), 404, "not_found")
        for method, path, allowed in (
            ("PUT", "/v1/things/abc", {"GET", "HEAD", "OPTIONS"}),
            ("DELETE", "/v1/raw", {"POST", "OPTIONS"}),
            ("GET", "/v1/raw", {"POST", "OPTIONS"}),
            ("TRACE", "/v1/things", {"POST", "OPTIONS"}),
        ):
            answer = await send(method, path)
            assert_problem(answer, 405, "method_not_allowed")
            assert set(answer.headers["allow"].split(", ")) == allowed
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "x"):
            for path in ("/v1/things", "/v1/raw"):
                answer = await send("POST", path, GOOD, {"Content-Type": kind})
                assert_problem(answer, 415, "unsupported_media_type")
        charset = await send("POST", "/v1/raw", GOOD, {"Content-Type": 'Application/JSON; Charset="UTF-8"'})
        assert charset.status == 200


async def test_head_is_get_without_the_body(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        send = sender(url)
        for path in ("/v1/things/abc", "/actuator/health", "/openapi.json", "/v1/nothing"):
            read, bare = await send("GET", path), await send("HEAD", path)
            assert (bare.status, bare.body) == (read.status, b"")
            assert bare.headers["content-type"] == read.headers["content-type"]
            assert bare.headers["content-length"] == str(len(read.body))
        assert (await send("HEAD", "/v1/things")).status == 405


async def test_options_tells_what_a_path_offers(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        send = sender(url)
        for path, allowed in (
            ("/v1/things/abc", "GET, HEAD, OPTIONS"),
            ("/v1/things", "OPTIONS, POST"),
            ("/v1/raw", "OPTIONS, POST"),
            ("/actuator/health", "GET, HEAD, OPTIONS"),
        ):
            answer = await send("OPTIONS", path)
            assert (answer.status, answer.headers["allow"]) == (204, allowed)
        assert_problem(await send("OPTIONS", "/v1/nothing"), 404, "not_found")


@pytest.mark.parametrize("path", ["/v1/keyed", "/v1/raw"])
async def test_an_encoded_body_is_refused_before_it_is_read_as_something_else(
    credentials: Credentials, path: str
) -> None:
    async with serving(things(), credentials) as url:
        refused = await sender(url)("POST", path, GOOD, {"Content-Encoding": "gzip"})
        plain = await sender(url)("POST", path, GOOD, {"Content-Encoding": "identity"})
    assert_problem(refused, 415, "unsupported_media_type")
    assert plain.status == 200


async def test_two_idempotency_keys_are_none(credentials: Credentials) -> None:
    lines = ["Content-Type: application/json", f"Content-Length: {len(GOOD)}", "Idempotency-Key: another"]
    async with serving(things(), credentials) as url:
        for path in ("/v1/keyed", "/v1/raw"):
            answer = await asyncio.to_thread(talk, url, head("POST", path, *lines), GOOD)
            assert answer.startswith(b"HTTP/1.1 422")
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "invalid_request"


async def test_an_unforeseen_error_says_nothing_of_itself(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        for path in ("/v1/broken", "/v1/raw-broken"):
            answer = await sender(url)("GET", path)
            assert_problem(answer, 500, "internal_error")
            assert b"secret" not in answer.body
        assert (await sender(url)("GET", "/v1/things/a")).status == 200


async def test_keys_scopes_and_tokens_open_what_is_theirs(credentials: Credentials) -> None:
    token = credentials.issuer(CALLER).authorization().decode().removeprefix("Bearer ")
    stranger = credentials.issuer(STRANGER).authorization().decode().removeprefix("Bearer ")
    async with serving(things(), credentials) as url:
        send = sender(url)
        nobody = await send("GET", "/v1/things/a", key=None)
        assert_problem(nobody, 401, "unauthorized")
        assert nobody.headers["www-authenticate"] == "Bearer"
        assert_problem(await send("GET", "/v1/operators"), 403, "forbidden")
        assert (await send("GET", "/v1/operators", key=OPERATOR_KEY)).status == 200
        for method, path, body in (("GET", "/internal/framework", None), ("POST", "/internal/raw", GOOD)):
            assert_problem(await send(method, path, body, key=None), 401, "unauthorized")
            assert_problem(await send(method, path, body, key=OPERATOR_KEY), 403, "forbidden")
            assert_problem(await send(method, path, body, key=stranger), 403, "forbidden")
            assert (await send(method, path, body, key=token)).status == 200
        for path in ("//internal/framework", "/v1/../internal/framework", "/%2Finternal/framework"):
            assert_problem(await send("GET", path, key=OPERATOR_KEY), 404, "not_found")
        assert_problem(await send("GET", "/%69nternal/framework", key=OPERATOR_KEY), 403, "forbidden")
        assert_problem(await send("GET", "/v1/things/a", key=token), 401, "unauthorized")


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "tab\there", "caf\xe9"])
@pytest.mark.parametrize("path", ["/v1/keyed", "/v1/raw"])
async def test_an_idempotency_key_is_1_to_255_printable_characters(
    credentials: Credentials, key: str, path: str
) -> None:
    async with serving(things(), credentials) as url:
        answer = await sender(url)("POST", path, GOOD, {"Idempotency-Key": key})
    assert_problem(answer, 422, "invalid_request")


async def test_an_idempotency_key_stands_in_the_scope_of_its_caller_and_path(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        send = sender(url)
        for path in ("/v1/keyed", "/v1/things", "/v1/raw"):
            answer = await asyncio.to_thread(RawClient(url, API_KEY).send, "POST", path, GOOD)
            assert_problem(answer, 400, "idempotency_key_required")
        first, same, other = [
            await send("POST", "/v1/keyed", GOOD, {"Idempotency-Key": "k" * 255}, key=key)
            for key in (API_KEY, API_KEY, OPERATOR_KEY)
        ]
        assert first.document()["id"] == "k" * 255
        assert first.document()["by"] == same.document()["by"] != other.document()["by"]
        assert first.headers["idempotent-replayed"] == "true"


async def test_a_well_formed_request_id_comes_back_and_any_other_is_replaced(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        send = sender(url)
        kept = await send("GET", "/v1/things/a", headers={"X-Request-Id": "order-12345678"})
        assert kept.headers["x-request-id"] == "order-12345678"
        for odd in ("short", "x" * 65, 'has "quotes" in it'):
            answer = await send("GET", "/v1/things/a", headers={"X-Request-Id": odd})
            assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(("path", "limit"), [("/v1/things", MIB), ("/v1/raw", MIB), ("/v1/large", 8 * MIB)])
async def test_a_body_is_taken_to_its_limit_and_refused_one_byte_over(
    credentials: Credentials, path: str, limit: int
) -> None:
    frame = len(b'{"amount":1,"names":[""]}')
    fits = b'{"amount":1,"names":["' + b"x" * (limit - frame) + b'"]}'
    async with serving(things(), credentials) as url:
        send = sender(url)
        assert (await send("POST", path, fits)).status in (200, 201)
        assert_problem(await send("POST", path, fits + b" "), 413, "payload_too_large")


@pytest.mark.parametrize("megabytes", [2, 15, 20, 30])
@pytest.mark.parametrize("key", [API_KEY, None])
async def test_a_client_that_sends_far_too_much_reads_its_answer_and_no_reset(
    credentials: Credentials, megabytes: int, key: str | None
) -> None:
    async with serving(things(), credentials) as url:
        answer = await sender(url)("POST", "/v1/raw", b"x" * (megabytes * 1_000_000), key=key)
        assert_problem(answer, 413, "payload_too_large")
        assert (await sender(url)("POST", "/v1/raw", GOOD)).status == 200


async def test_what_is_refused_by_its_path_alone_is_answered_after_its_body_was_read(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        for path in ("//v1/raw", "/v1/raw/", "/v1/%0a"):
            assert_problem(await sender(url)("POST", path, b"x" * 900_000), 404, "not_found")
            assert_problem(await sender(url)("POST", path, b"x" * 9_000_000), 413, "payload_too_large")


def head(method: str, path: str, *lines: str) -> bytes:
    given = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {API_KEY}", *lines, _KEY, "", ""]
    return "\r\n".join(given).encode()


async def test_a_chunked_body_is_bounded_like_any_other(credentials: Credentials) -> None:
    chunk = b"%x\r\n%b\r\n" % (64 * 1024, b"x" * 64 * 1024)
    json_type, chunked = "Content-Type: application/json", "Transfer-Encoding: chunked"
    async with serving(things(), credentials) as url:
        small = await asyncio.to_thread(
            talk, url, head("POST", "/v1/raw", json_type, chunked), b"c\r\n" + b'{"amount":1}' + b"\r\n0\r\n\r\n"
        )
        assert small.startswith(b"HTTP/1.1 200")
        large = await asyncio.to_thread(
            talk, url, head("POST", "/v1/raw", json_type, chunked), chunk * 40, b"0\r\n\r\n"
        )
        assert large.startswith(b"HTTP/1.1 413")


async def test_a_client_that_asks_before_it_sends_is_told_at_once(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        lines = ["Content-Type: application/json", "Expect: 100-continue", f"Content-Length: {20 * MIB}"]
        answer = await asyncio.to_thread(talk, url, head("POST", "/v1/raw", *lines))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"100 Continue" not in answer
    assert b"connection: close" in answer.lower()


async def test_what_is_not_http_is_answered_with_a_problem_too(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        answer = await asyncio.to_thread(talk, url, b"NOT HTTP AT ALL\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "bad_request"


async def test_requests_sent_ahead_on_one_connection_are_answered_in_order(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        requests = [head("GET", f"/v1/things/thing{number}") for number in range(20)]
        answers = await asyncio.to_thread(talk, url, b"".join(requests))
    assert answers.count(b"HTTP/1.1 200 OK") == 20
    places = [answers.index(b'"thing%d"' % number) for number in range(20)]
    assert places == sorted(places)


async def test_a_client_that_goes_away_in_the_middle_disturbs_nobody(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        await asyncio.to_thread(
            talk, url, head("POST", "/v1/raw", "Content-Type: application/json", "Content-Length: 50") + b'{"amo'
        )
        assert (await sender(url)("POST", "/v1/raw", GOOD)).status == 200


async def test_a_connection_is_kept_for_the_next_request(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(3):
            writer.write(head("GET", "/v1/things/a"))
            answer = await reader.readuntil(b"}")
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"connection: close" not in answer.lower()
        writer.close()
        await writer.wait_closed()


async def test_the_document_tells_all_public_operations_and_only_them(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        document = (await sender(url, None)("GET", "/openapi.json")).document()
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {
        "/v1/things/{thing_id}",
        "/v1/things",
        "/v1/keyed",
        "/v1/large",
        "/v1/operators",
        "/v1/broken",
        "/v1/raw",
    }
    added, read = document["paths"]["/v1/raw"]["post"], document["paths"]["/v1/things/{thing_id}"]["get"]
    assert {"200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "503"} <= set(added["responses"])
    assert [parameter["name"] for parameter in added["parameters"]] == ["Idempotency-Key"]
    assert added["security"] == [{"bearer": []}]
    assert "bearer" in document["components"]["securitySchemes"]
    assert document["components"]["schemas"]["NewThing"]["additionalProperties"] is False
    limit = next(parameter for parameter in read["parameters"] if parameter["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert [(each["name"], each["in"]) for each in read["parameters"]] == [
        ("thing_id", "path"),
        ("limit", "query"),
        ("cursor", "query"),
    ]
    assert document["components"]["responses"]["Problem"]["content"].keys() == {"application/problem+json"}


async def test_a_head_without_end_is_cut_off(credentials: Credentials) -> None:
    async with serving(things(), credentials) as url:
        fits = await asyncio.to_thread(talk, url, head("GET", "/v1/things/a", "X-Long: " + "x" * 60_000))
        assert fits.startswith(b"HTTP/1.1 200")
        many = "\r\n".join(f"X-{number}: {'x' * 1000}" for number in range(4_000))
        for endless in (
            head("GET", "/v1/things/a", "X-Long: " + "x" * 4_000_000),
            head("GET", "/v1/things/a", many),
            head("GET", "/v1/things/" + "a" * 4_000_000),
        ):
            with suppress(ConnectionError):
                assert (await asyncio.to_thread(talk, url, endless)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("piece", [b"", b"POST /v1/raw HT", head("POST", "/v1/raw", "Content-Length: 50") + b"{"])
async def test_a_request_that_never_arrives_whole_does_not_hold_its_connection_for_ever(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(listener, "RECEIVE_SECONDS", 0.3)
    async with serving(things(), credentials) as url:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(piece)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_beyond_its_bound_a_service_says_overloaded_and_still_tells_its_health(credentials: Credentials) -> None:
    waiting = Waiting()

    def on_build(context: Context[Settings]) -> None:
        waiting.draining = context.draining

    route = RawRoute(method="POST", path="/v1/wait", handler=waiting.handle)
    async with serving(things(raw=[route], on_build=on_build, max_in_flight=2), credentials) as url:
        send = sender(url)
        busy = [asyncio.create_task(send("POST", "/v1/wait", b"{}")) for _ in range(2)]
        async with asyncio.timeout(5):
            for _ in busy:
                await waiting.entered.acquire()
        refused = await send("GET", "/v1/things/a")
        assert_problem(refused, 503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert refused.document()["retryable"] is True
        assert (await send("GET", "/actuator/health/liveness", key=None)).status == 200
        waiting.release.set()
        assert [answer.status for answer in await asyncio.gather(*busy)] == [201, 201]
        assert (await send("GET", "/v1/things/a")).status == 200


async def nothing(_incoming: Incoming) -> Outgoing:
    return Outgoing(204, b"")


async def test_an_answer_without_content_has_no_length(credentials: Credentials) -> None:
    route = RawRoute(method="DELETE", path="/v1/nothing", handler=nothing)
    async with serving(things(raw=[route]), credentials) as url:
        answer = await sender(url)("DELETE", "/v1/nothing")
        assert (answer.status, answer.body) == (204, b"")
        assert "content-length" not in answer.headers


async def test_the_edge_writes_one_line_a_request_without_its_content(
    credentials: Credentials, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(things(access_log=True), credentials) as url:
        send = sender(url)
        answer = await send("POST", "/v1/raw?secret=in-the-query", GOOD)
        await send("GET", "/v1/things/abc", key=None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    posted, refused = [line for line in lines if line["event"] == "request"]
    assert posted | {"at": "", "trace_id": "", "ms": 0} == {
        "at": "",
        "event": "request",
        "service": "thing-service",
        "request_id": answer.headers["x-request-id"],
        "trace_id": "",
        "key_id": "key_api",
        "method": "POST",
        "path": "/v1/raw",
        "route": "/v1/raw",
        "status": 200,
        "ms": 0,
    }
    assert (refused["status"], refused["key_id"]) == (401, "anonymous")
