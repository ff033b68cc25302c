"""Processes that come and go under load: drain without a lost request, work finished, signs of life."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.support.small_service import API_KEY, Credentials
from waqiti.foundation.http.client import Deadline, HttpClient, HttpResponse, NoAnswer
from waqiti.foundation.runtime.listener import bound_socket

HEADERS = [
    (b"authorization", f"Bearer {API_KEY}".encode()),
    (b"content-type", b"application/json"),
    (b"idempotency-key", b"key-of-the-test"),
]


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path)


class Platform:
    """One listening socket, and processes that share it."""

    def __init__(self, directory: Path, credentials: Credentials) -> None:
        self._directory = directory
        self._credentials = credentials
        self._shared = bound_socket()
        self.url = f"http://127.0.0.1:{self._shared.getsockname()[1]}"
        self.work_file = directory / "work"
        self.heartbeat_file = directory / "heartbeat"

    @asynccontextmanager
    async def process(self, role: str = "api") -> AsyncIterator["Process"]:
        """Start one, ready where it serves; kill it in the end where it still lives."""
        with bound_socket() as own:
            fds = (self._shared.fileno(), own.fileno())
            environment = {
                **os.environ,
                **self._credentials.environment(),
                "WAQITI_LISTEN_FDS": ",".join(map(str, fds)),
                "WAQITI_HEARTBEAT_FILE": str(self.heartbeat_file),
                "WORK_FILE": str(self.work_file),
                "PYTHONPATH": os.pathsep.join(
                    filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")))
                ),
            }
            command = [sys.executable, "-m", "tests.support.serve_small", role]
            log = (self._directory / "log").open("ab")
            with log:
                running = await asyncio.create_subprocess_exec(
                    *command, env=environment, pass_fds=fds, stdout=log, stderr=log
                )
            process = Process(running, f"http://127.0.0.1:{own.getsockname()[1]}")
        try:
            if role == "api":
                await process.ready()
            yield process
        finally:
            if running.returncode is None:
                running.kill()
            await running.wait()

    def close(self) -> None:
        self._shared.close()


class Process:
    """``url`` is its own address."""

    def __init__(self, running: asyncio.subprocess.Process, url: str) -> None:
        self._running = running
        self.url = url
        self.pid = running.pid

    async def ready(self) -> None:
        client = HttpClient("replica", self.url)
        async with asyncio.timeout(20):
            while True:
                with suppress(NoAnswer):
                    path = "/actuator/health/readiness"
                    if (await client.request("GET", path, headers=[], deadline=Deadline(10))).status == 200:
                        break
                await asyncio.sleep(0.02)
        await client.close()

    def terminate(self) -> None:
        self._running.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        async with asyncio.timeout(25):
            return await self._running.wait()


@asynccontextmanager
async def platform_of(directory: Path, credentials: Credentials) -> AsyncIterator[Platform]:
    platform = Platform(directory, credentials)
    try:
        yield platform
    finally:
        platform.close()


async def post(client: HttpClient, path: str, *, seconds: float = 15) -> HttpResponse:
    return await client.request("POST", path, headers=HEADERS, body=b"{}", deadline=Deadline(seconds))


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Load:
    """Calls that nothing repeats: one that is lost is seen."""

    def __init__(self, client: HttpClient, path: str) -> None:
        self._client = client
        self._path = path
        self._stop = False
        self.answers: Counter[bytes] = Counter()
        self.failures: list[str] = []

    async def caller(self) -> None:
        while not self._stop:
            try:
                answer = await post(self._client, self._path)
                self.answers[answer.body] += 1
            except NoAnswer as error:
                self.failures.append(error.detail)

    def served_by(self, process: Process) -> int:
        return self.answers[b'{"number":%d}' % process.pid]

    @asynccontextmanager
    async def running(self, callers: int) -> AsyncIterator["Load"]:
        tasks = [asyncio.create_task(self.caller()) for _ in range(callers)]
        try:
            yield self
        finally:
            self._stop = True
            await asyncio.gather(*tasks)


async def test_rolling_replacements_under_load_lose_no_request(tmp_path: Path, credentials: Credentials) -> None:
    async with platform_of(tmp_path, credentials) as platform, AsyncExitStack() as stack:
        old = await stack.enter_async_context(platform.process())
        client = HttpClient("service", platform.url)
        load = Load(client, "/v1/who")
        async with load.running(callers=16):
            for _ in range(3):
                new = await stack.enter_async_context(platform.process())
                old.terminate()
                assert await old.ended() == 0
                served = load.served_by(new)
                await eventually(lambda pid=new, served=served: load.served_by(pid) > served + 200)  # type: ignore[misc]
                old = new
        await client.close()
    assert load.failures == []
    assert len(load.answers) == 4


async def test_requests_in_flight_are_answered_and_say_that_the_connection_ends(
    tmp_path: Path, credentials: Credentials
) -> None:
    async with platform_of(tmp_path, credentials) as platform, platform.process() as process:
        client = HttpClient("service", platform.url)
        in_flight = [asyncio.create_task(post(client, "/v1/slow")) for _ in range(10)]
        await asyncio.sleep(0.2)
        process.terminate()
        for answer in await asyncio.gather(*in_flight):
            assert (answer.status, answer.header(b"connection")) == (200, b"close")
        assert await process.ended() == 0


async def test_what_was_begun_for_a_client_that_has_gone_is_finished(tmp_path: Path, credentials: Credentials) -> None:
    async with platform_of(tmp_path, credentials) as platform, platform.process() as process:
        client = HttpClient("service", platform.url)
        asked = asyncio.create_task(post(client, "/v1/work"))
        await eventually(platform.work_file.exists)
        asked.cancel()
        process.terminate()
        assert await process.ended() == 0
    assert platform.work_file.read_text().splitlines() == ["begun", "done"]
    assert b"Exception" not in (tmp_path / "log").read_bytes()


async def test_a_request_that_waits_is_answered_at_once(tmp_path: Path, credentials: Credentials) -> None:
    async with platform_of(tmp_path, credentials) as platform, platform.process() as process:
        client = HttpClient("service", platform.url)
        waiting = asyncio.create_task(post(client, "/v1/wait"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        told_at = time.monotonic()
        process.terminate()
        assert (await waiting).status == 202
        assert time.monotonic() - told_at < 1
        assert await process.ended() == 0


async def test_a_kept_connection_may_still_ask_and_is_closed_after_two_seconds_of_silence(
    tmp_path: Path, credentials: Credentials
) -> None:
    request = f"GET /v1/things/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n\r\n".encode()
    async with platform_of(tmp_path, credentials) as platform, platform.process() as process:
        port = int(process.url.rpartition(":")[2])
        talking, silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in (talking, silent):
            writer.write(request)
            await reader.readuntil(b"}")
        told_at = time.monotonic()
        process.terminate()
        await asyncio.sleep(1.0)
        talking[1].write(request)
        late_answer = await talking[0].read()
        assert late_answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in late_answer
        assert await silent[0].read() == b""
        assert 1.8 < time.monotonic() - told_at < 4
        assert await process.ended() == 0
        for _, writer in (talking, silent):
            writer.close()


async def test_a_draining_process_takes_no_new_connections(tmp_path: Path, credentials: Credentials) -> None:
    async with platform_of(tmp_path, credentials) as platform, platform.process() as process:
        waiting = asyncio.create_task(post(HttpClient("service", process.url), "/v1/slow"))
        await asyncio.sleep(0.1)
        process.terminate()
        await asyncio.sleep(0.1)
        with pytest.raises(NoAnswer) as raised:
            await post(HttpClient("service", process.url), "/v1/who")
        assert raised.value.sent is False
        assert (await waiting).status == 200
        assert await process.ended() == 0


async def test_two_replicas_share_the_kept_connections(tmp_path: Path, credentials: Credentials) -> None:
    async with (
        platform_of(tmp_path, credentials) as platform,
        platform.process() as first,
        platform.process() as second,
    ):
        # A process that has just begun is slow with its first answers, and is left the fewer connections for it.
        await _from_connections_of_their_own(platform.url, 64)
        answers = await _from_connections_of_their_own(platform.url, 64)
    shares = Counter(answer.body for answer in answers)
    assert set(shares) == {b'{"number":%d}' % process.pid for process in (first, second)}
    assert min(shares.values()) >= 16


async def _from_connections_of_their_own(url: str, count: int) -> list[HttpResponse]:
    client = HttpClient("service", url)
    answers = await asyncio.gather(*(post(client, "/v1/slow") for _ in range(count)))
    await client.close()
    return answers


async def test_a_worker_finishes_its_batch_and_listens_to_nobody(tmp_path: Path, credentials: Credentials) -> None:
    async with platform_of(tmp_path, credentials) as platform, platform.process("worker") as worker:
        await eventually(lambda: platform.work_file.exists() and platform.work_file.read_text().count("begun") >= 2)
        with pytest.raises(NoAnswer):
            await post(HttpClient("service", worker.url), "/v1/who", seconds=0.3)
        worker.terminate()
        assert await worker.ended() == 0
        lines = platform.work_file.read_text().splitlines()
    assert lines.count("begun") == lines.count("done")


async def test_a_process_shows_every_second_that_its_event_loop_runs(tmp_path: Path, credentials: Credentials) -> None:
    async with platform_of(tmp_path, credentials) as platform, platform.process("worker"):
        await eventually(platform.heartbeat_file.exists)
        first = platform.heartbeat_file.stat().st_mtime_ns
        await eventually(lambda: platform.heartbeat_file.stat().st_mtime_ns > first, seconds=3)


async def test_an_unknown_setting_stops_the_start_with_its_name(tmp_path: Path, credentials: Credentials) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.serve_small",
        "api",
        env={**os.environ, "WAQITI_NO_SUCH_THING": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode != 0
    assert b"WAQITI_NO_SUCH_THING" in output


def test_a_listening_socket_survives_the_process_that_inherited_it() -> None:
    with bound_socket() as listening, socket.create_connection(listening.getsockname()):
        listening.settimeout(2)
        accepted, _ = listening.accept()
        accepted.close()
