"""Commits batches in processes that die at a suspension, and asks again for each batch in a process that does not.

Reads ``Orders`` from standard input; writes one ``Round`` a line for each batch, the last being that which was through
before its suspension came.
"""

import asyncio
import os
import signal
import sys

import msgspec

from tests.support.killing import until_suspension
from waqiti.contracts.catalog import LEDGER
from waqiti.contracts.ledger import Transfer, TransferResult
from waqiti.foundation.database import Database
from waqiti.services.ledger.usecases.committer import Committer
from waqiti.services.ledger.usecases.posting import post


class Orders(msgspec.Struct, frozen=True):
    """Batches to commit, the n-th by a process that dies at its n-th suspension."""

    database_url: str
    batches: list[list[Transfer]]


class Round(msgspec.Struct, frozen=True):
    """Whether the first process died, and what the second was answered."""

    killed: bool
    results: list[TransferResult]


async def commit(orders: Orders, batch: list[Transfer], limit: int) -> list[TransferResult]:
    """Commit one batch as the service does; die at the ``limit``-th suspension (0: never)."""
    database = await Database.open(orders.database_url, name=LEDGER, min_idle=0)
    committer = Committer(lambda transfers: post(database, transfers))
    results: list[TransferResult] = []

    async def work() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(committer.run(stop))
        results.extend(await committer.submit(batch))
        stop.set()
        await running

    await until_suspension(limit, work())
    await database.close()
    return results


def first(orders: Orders, batch: list[Transfer], limit: int) -> bool:
    """Commit in a process that dies at a suspension; tell whether it did."""
    child = os.fork()
    if child == 0:
        # asyncio's own loop sends at once what is written: a process that dies as it begins to wait has asked already,
        # and nobody hears the answer.
        asyncio.run(commit(orders, batch, limit))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or status == 0, f"batch {limit} ended with {status}"
    return killed


def again(orders: Orders, batch: list[Transfer]) -> list[TransferResult]:
    """Commit in a fresh process and return what it was answered."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, msgspec.json.encode(asyncio.run(commit(orders, batch, 0))))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answered:
        results = msgspec.json.decode(answered.read(), type=list[TransferResult])
    assert os.waitpid(child, 0)[1] == 0
    return results


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    for limit, batch in enumerate(orders.batches, start=1):
        killed = first(orders, batch, limit)
        line = msgspec.json.encode(Round(killed, again(orders, batch)))
        sys.stdout.write(f"{line.decode()}\n")
        sys.stdout.flush()
        if not killed:
            return


if __name__ == "__main__":
    main()
