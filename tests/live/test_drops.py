"""Clients that try nothing again see no operation: no reset, no 5xx, no answer that is lost or late."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.drops.books import Books, audit
from bench.drops.commands import Commands
from bench.drops.operating import flowing, operate
from bench.drops.operations import SUPERVISOR_KILL, Operation, restart, switch
from bench.drops.recording import Recorder
from bench.drops.traffic import PER_SECOND, Traffic
from bench.payments import FUNDS, wallets
from tests.support.platform import Platform, free_port
from waqiti.client import AsyncClient
from waqiti.contracts.catalog import GATEWAY, PAYMENT
from waqiti.contracts.switches import DB_POOL_MAX_SIZE

pytestmark = pytest.mark.timeout(180)

WALLETS = 24
OPERATIONS = (restart(GATEWAY), SUPERVISOR_KILL, restart(PAYMENT), switch(DB_POOL_MAX_SIZE, ("3", "8")))


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    running = Platform(tmp_path / "state", free_port())
    running.up()
    try:
        yield running
    finally:
        running.down(wipe=True)


async def test_nothing_is_dropped_by_restarts_a_killed_supervisor_and_a_resized_pool(platform: Platform) -> None:
    recorder = Recorder()
    before = pids(platform)

    books = await _operated(platform, recorder, OPERATIONS)

    assert recorder.all.violations == {}
    assert books.problems == []
    assert books.by_status.keys() == {"captured"}
    assert min(recorder.requests[client] for client in ("fresh", "kept")) > 4 * PER_SECOND
    kept = {name for name, there in pids(platform).items() if there == before[name]}
    assert kept == before.keys() - {GATEWAY, PAYMENT}, "the killed supervisor took no replica along"
    assert platform.verify_books()["balanced"] is True


async def _operated(platform: Platform, recorder: Recorder, operations: tuple[Operation, ...]) -> Books:
    base_url, key, chance = platform.credentials.base_url, platform.credentials.api_key, random.Random(1)
    async with AsyncClient(base_url, key) as client:
        made = await wallets(client, WALLETS)
        traffic = Traffic(base_url, key, made, recorder, seed=1)
        async with flowing(base_url, traffic, recorder):
            for operation in operations:
                await operate(operation, Commands(platform.state), recorder, chance, settle_seconds=0.5)
        return await audit(client, traffic, made, FUNDS)


def pids(platform: Platform) -> dict[str, Any]:
    """Return the processes of every deployment."""
    return {
        row["name"]: [process["pid"] for replica in row["replicas"] for process in replica["processes"]]
        for row in platform.status()["deployments"]
    }
