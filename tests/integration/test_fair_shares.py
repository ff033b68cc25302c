"""Replicas that share a listening socket: each serves a fair part of kept connections, also one that came later."""

import http.client
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Self

from waqiti.foundation.runtime.listener import LIFE_SECONDS, bound_socket

CONNECTIONS: Final = 16
FAIR: Final = 0.30
FASTER: Final = 40
"""Time passes so much faster here: connections live for between 0.5 and 1 s. Requests are as frequent for each."""
LIFE: Final = LIFE_SECONDS[0] / FASTER
REPOSITORY: Final = Path(__file__).parents[2]


class Kept:
    """Clients with a kept connection each, which they end where an answer says ``Connection: close``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CONNECTIONS)]
        self.served: Counter[int] = Counter()
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def served_within(self, seconds: float) -> Counter[int]:
        before = self.served.copy()
        time.sleep(seconds)
        return self.served - before

    def _ask(self) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            while not self._stop.wait(0.01):
                try:
                    # It connects anew after an answer that closed the connection.
                    connection.request("GET", "/")
                    pid = int(connection.getresponse().read())
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(repr(error))
                    connection.close()
                else:
                    self.served[pid] += 1


@contextmanager
def replica(descriptor: int) -> Iterator[int]:
    """Start one; give its pid."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.listening", str(descriptor), str(LIFE)],
        cwd=REPOSITORY,
        pass_fds=[descriptor],
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_a_replica_that_comes_later_soon_serves_its_share_of_kept_connections() -> None:
    with bound_socket() as shared, replica(shared.fileno()) as first, Kept(shared.getsockname()[1]) as kept:
        wait_for(kept, first)

        with replica(shared.fileno()) as second:
            wait_for(kept, second)
            # From then on every connection that there was has ended once.
            time.sleep(2 * LIFE)
            served = kept.served_within(2.0)

    assert kept.failures == [], "an answer said so before each connection ended"
    assert set(served) == {first, second}
    assert min(served.values()) >= FAIR * served.total(), served


def wait_for(kept: Kept, pid: int) -> None:
    deadline = time.monotonic() + 10
    while not kept.served[pid]:
        assert time.monotonic() < deadline, "the other replica serves nothing"
        time.sleep(0.01)
