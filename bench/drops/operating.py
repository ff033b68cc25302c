"""Operations under traffic, one after the other, and what clients saw of each."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from bench.drops.clients import FreshClient, KeptClient
from bench.drops.commands import Commands, OperationFailed
from bench.drops.exchange import Drop
from bench.drops.operations import Operation
from bench.drops.recording import Period, Recorder
from bench.drops.traffic import Traffic

SETTLE_SECONDS: Final = 2.0


@asynccontextmanager
async def flowing(base_url: str, traffic: Traffic, recorder: Recorder) -> AsyncIterator[None]:
    """Have both clients ask while the block runs; on leaving it all that was asked is answered, or will not be."""
    parts = urlsplit(base_url)
    assert parts.hostname
    assert parts.port
    kept = KeptClient(
        parts.hostname, parts.port, lambda drop: recorder.violation(drop, client=KeptClient.name, sent="nothing")
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for client in (FreshClient(parts.hostname, parts.port), kept):
            group.create_task(traffic.run(client, stop))
        try:
            yield
        finally:
            stop.set()
    kept.close()


async def operate(
    operation: Operation,
    commands: Commands,
    recorder: Recorder,
    chance: random.Random,
    settle_seconds: float = SETTLE_SECONDS,
) -> Period:
    """Do one operation, look on for ``settle_seconds`` more, and return what clients saw of it."""
    tally = recorder.begin(operation.name)
    recorder.operations[operation.name] += 1
    began = time.monotonic()
    try:
        detail = await operation.run(commands, chance)
    except OperationFailed as failed:
        detail = str(failed)
        recorder.violation(Drop("operation_failed", detail), client="operator", sent=operation.name)
    seconds = time.monotonic() - began
    await asyncio.sleep(settle_seconds)
    return tally.period(detail, seconds)


def in_rounds(operations: tuple[Operation, ...], chance: random.Random) -> Iterator[Operation]:
    """Give all of ``operations`` again and again, each time in another order."""
    while True:
        yield from chance.sample(operations, len(operations))
