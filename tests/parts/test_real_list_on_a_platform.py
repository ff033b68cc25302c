"""The real list of OFAC loaded into a running platform, while it serves."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platform import Platform, free_port
from tests.support.raw import RawClient

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(Path(tmp_path_factory.mktemp("platform")) / "state", free_port())
    running.up()
    try:
        yield running
        assert running.verify_books()["balanced"] is True
    finally:
        running.down(wipe=True)


class Probe(threading.Thread):
    """Takes customers on, one after the other, and keeps how long each took."""

    def __init__(self, platform: Platform) -> None:
        super().__init__()
        credentials = platform.credentials
        self._client = RawClient(credentials.base_url, credentials.api_key)
        self._stop_asked = threading.Event()
        self.seconds: list[float] = []
        self.statuses: set[str] = set()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            began = time.monotonic()
            answer = self._client.post("/v1/customers", {"name": "Ann Example", "country": "DE"})
            self.seconds.append(time.monotonic() - began)
            self.statuses.add(answer.document()["status"])
            time.sleep(0.005)

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()


def test_the_list_is_served_by_every_replica_and_requests_hardly_notice(
    platform: Platform, ofac_directory: Path
) -> None:
    credentials = platform.credentials
    client = RawClient(credentials.base_url, credentials.api_key)

    def status(name: str) -> str:
        return str(client.post("/v1/customers", {"name": name, "country": "DE"}).document()["status"])

    assert status("MALKEVICH, Alexander Aleksandrovich") == "active"
    probe = Probe(platform)
    probe.start()
    loaded = platform.command(
        "compliance", "lists", "load", "--source", "ofac", "--path", str(ofac_directory), "--json", timeout_seconds=120
    )
    probe.stop()
    assert loaded.exit_code == 0, loaded.stderr
    document = loaded.document()
    assert (document["unreached"], len(document["replicas"])) == ([], 2)
    assert document["entries"] > 7_000
    assert probe.statuses == {"active"}
    assert max(probe.seconds) < 0.5, sorted(probe.seconds)[-5:]

    assert status("Malkevich Alexander Aleksandrovich") == "blocked"
    assert status("Alexander Malkevch") == "in_review"
    assert status("Amina Yusuf") == "active"

    found = platform.command("compliance", "screen", "Malkevch Alexander Aleksandrovich", "--json").document()
    assert (found["outcome"], found["matches"][0]["reference"]) == ("possible", "OFAC-26235")
    lists = platform.command("compliance", "lists", "list", "--json").document()
    assert [one["source"] for one in lists["lists"]] == ["invented", "ofac"]
    info = json.loads(RawClient(credentials.services["compliance-service"], "").get("/actuator/info").body)
    assert info["parts"]["lists"]["version"] == document["replicas"][0]["version"]
