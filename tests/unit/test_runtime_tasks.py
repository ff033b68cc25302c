"""Work beside requests."""

import asyncio

from waqiti.foundation.runtime import BackgroundTask
from waqiti.foundation.runtime.tasks import run_all


async def test_a_task_that_fails_or_returns_is_started_again() -> None:
    starts: list[int] = []
    enough = asyncio.Event()

    async def failing(stop: asyncio.Event) -> None:
        starts.append(len(starts))
        if len(starts) == 1:
            raise RuntimeError("once")
        if len(starts) == 3:
            enough.set()
            await stop.wait()

    stop = asyncio.Event()
    running = asyncio.create_task(run_all([BackgroundTask("failing", failing)], stop))
    async with asyncio.timeout(5):
        await enough.wait()
        stop.set()
        await running
    assert starts == [0, 1, 2]


async def test_all_tasks_finish_what_they_began_before_the_stop_is_complete() -> None:
    finished: list[str] = []
    begun = asyncio.Semaphore(0)

    def worker(name: str) -> BackgroundTask:
        async def work(stop: asyncio.Event) -> None:
            begun.release()
            await stop.wait()
            await asyncio.sleep(0.05)
            finished.append(name)

        return BackgroundTask(name, work)

    stop = asyncio.Event()
    running = asyncio.create_task(run_all([worker("a"), worker("b")], stop))
    for _ in range(2):
        await begun.acquire()
    stop.set()
    await running
    assert sorted(finished) == ["a", "b"]


async def test_one_failing_task_leaves_the_others_alone() -> None:
    rounds = 0

    async def failing(_stop: asyncio.Event) -> None:
        raise RuntimeError("always")

    async def steady(stop: asyncio.Event) -> None:
        nonlocal rounds
        while not stop.is_set():
            rounds += 1
            await asyncio.sleep(0.01)

    stop = asyncio.Event()
    running = asyncio.create_task(run_all([BackgroundTask("failing", failing), BackgroundTask("steady", steady)], stop))
    await asyncio.sleep(0.3)
    stop.set()
    await running
    assert rounds > 5


async def test_a_task_that_is_cancelled_from_outside_ends_all() -> None:
    async def waiting(stop: asyncio.Event) -> None:
        await stop.wait()

    running = asyncio.create_task(run_all([BackgroundTask("waiting", waiting)], asyncio.Event()))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=1)
    assert running.cancelled()
