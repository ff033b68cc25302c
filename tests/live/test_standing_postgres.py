"""An embedded server that stands still is killed and started again, and nothing that was committed is lost."""

import asyncio
import os
import signal
from pathlib import Path

from tests.support.clusters import eventually
from tests.support.databases_alone import LEDGER, Platform, notes, private_home, remember, running
from waqiti.operations.cluster.postgres.access import read_accesses

__all__ = ["private_home"]


def test_a_server_that_stands_still_is_started_again_with_everything(private_home: Path) -> None:
    with running(Platform(private_home / "state")) as platform:
        url = read_accesses(platform.layout)[LEDGER].migrator
        asyncio.run(remember(url, "before"))
        before = platform.status.postgres.pid
        assert before is not None
        os.kill(before, signal.SIGSTOP)

        def is_another() -> bool:
            return platform.status.postgres.ready and platform.status.postgres.pid != before

        eventually(is_another, "another server is ready", 90)
        assert asyncio.run(notes(url)) == ["before"]
