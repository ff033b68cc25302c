"""End to end: payments through the gateway, everything on, beside pgbench on the same server.

    python -m bench.payments [--seconds 15] [--connections 64]

prints JSON lines: each reading, then the ratios. The load generator shares the machine with the platform.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from itertools import count
from typing import Final
from uuid import uuid4

import msgspec
import uvloop

from bench.platform import Platform, running_platform
from bench.printing import print_lines
from bench.yardstick import Reading, Yardstick, yardstick
from waqiti.client import AsyncClient, BatchPayment

WALLETS: Final = 256
FUNDS: Final = 1_000_000
_RATIO_WANTED: Final = 0.40
"""Single payments are to reach this part of five statements at 16 clients, and to be quick at half of that."""
_numbers = count(1)


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of load gave; latencies in milliseconds."""

    what: str
    connections: int
    payments: int
    seconds: float
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    by_status: dict[str, int]


async def wallets(client: AsyncClient, number: int = WALLETS) -> list[str]:
    """Open wallets with money in them, a few at a time."""
    gate = asyncio.Semaphore(16)

    async def one() -> str:
        async with gate:
            customer = await client.customers.create(name=f"Bench Person {next(_numbers)}", country="DE")
            wallet = await client.wallets.create(customer_id=customer.id, currency="EUR")
            await client.deposits.create(wallet_id=wallet.id, amount=FUNDS, currency="EUR")
            return wallet.id

    made = await asyncio.gather(*(one() for _ in range(number)))
    await _until_funded(client, made)
    return list(made)


async def _until_funded(client: AsyncClient, made: list[str]) -> None:
    deadline = time.monotonic() + 60
    for wallet in made:
        while (await client.wallets.get(wallet)).balance.available < FUNDS:
            assert time.monotonic() < deadline, "the deposits did not settle"
            await asyncio.sleep(0.05)


async def singles(client: AsyncClient, made: list[str], *, connections: int, seconds: float) -> Load:
    """Pay one by one from ``connections`` loops for ``seconds``."""
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    stop_at = time.perf_counter() + seconds

    async def loop(seed: int) -> None:
        chance = random.Random(seed)
        while (started := time.perf_counter()) < stop_at:
            payer, payee = chance.sample(made, 2)
            payment = await client.payments.create(from_wallet=payer, to_wallet=payee, amount=1, currency="EUR")
            latencies.append(time.perf_counter() - started)
            statuses[payment.status] += 1

    started = time.perf_counter()
    await asyncio.gather(*(loop(seed) for seed in range(connections)))
    return _load("single payments", connections, latencies, len(latencies), time.perf_counter() - started, statuses)


async def steadily(
    client: AsyncClient, made: list[str], *, connections: int, per_second: float, seconds: float
) -> Load:
    """Begin a payment at each tick of a clock, whatever became of the ones before; latency counts from the tick.

    At most ``connections`` are under way: one that has to wait for its turn is late, and counted so.
    """
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    chance = random.Random(0)
    turns = asyncio.Semaphore(connections)

    async def one(due: float) -> None:
        payer, payee = chance.sample(made, 2)
        async with turns:
            payment = await client.payments.create(from_wallet=payer, to_wallet=payee, amount=1, currency="EUR")
        latencies.append(time.perf_counter() - due)
        statuses[payment.status] += 1

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(per_second * seconds)):
            due = started + number / per_second
            await asyncio.sleep(due - time.perf_counter())
            group.create_task(one(due))
    elapsed = time.perf_counter() - started
    return _load(
        f"single payments, {per_second:.0f} a second", connections, latencies, len(latencies), elapsed, statuses
    )


async def batches(client: AsyncClient, made: list[str], *, size: int, connections: int, seconds: float) -> Load:
    """Pay in batches of ``size``."""
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    stop_at = time.perf_counter() + seconds

    async def loop(seed: int) -> None:
        chance = random.Random(seed)
        while (started := time.perf_counter()) < stop_at:
            answer = await client.payments.batch([_item(chance, made) for _ in range(size)], wait_seconds=30)
            latencies.append(time.perf_counter() - started)
            statuses.update(r.payment.status if r.payment else "problem" for r in answer.results)

    started = time.perf_counter()
    await asyncio.gather(*(loop(seed) for seed in range(connections)))
    elapsed = time.perf_counter() - started
    return _load(f"batches of {size}", connections, latencies, statuses.total(), elapsed, statuses)


def _item(chance: random.Random, made: list[str]) -> BatchPayment:
    payer, payee = chance.sample(made, 2)
    return BatchPayment(idempotency_key=uuid4().hex, from_wallet=payer, to_wallet=payee, amount=1, currency="EUR")


def _load(
    what: str, connections: int, latencies: list[float], payments: int, seconds: float, statuses: Counter[str]
) -> Load:
    cuts = statistics.quantiles(latencies, n=100)
    return Load(
        what=what,
        connections=connections,
        payments=payments,
        seconds=seconds,
        per_second=payments / seconds,
        p50_ms=cuts[49] * 1000,
        p95_ms=cuts[94] * 1000,
        p99_ms=cuts[98] * 1000,
        by_status=dict(statuses),
    )


async def measure(platform: Platform, *, connections: int, seconds: float, half_rate: float) -> list[Load]:
    """Run the loads: singles at 32 and at ``connections``, at ``half_rate`` a second, then batches of 500."""
    async with AsyncClient(platform.base_url, platform.api_key, max_connections=connections) as client:
        made = await wallets(client)
        await singles(client, made, connections=connections, seconds=3)
        return [
            await singles(client, made, connections=32, seconds=seconds),
            await singles(client, made, connections=connections, seconds=seconds),
            await steadily(client, made, connections=connections, per_second=half_rate, seconds=seconds),
            await batches(client, made, size=500, connections=4, seconds=seconds),
        ]


def main() -> int:
    """Measure and print; exit 1 where the books do not balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    with running_platform() as platform:
        with yardstick(platform.server) as rule:
            before = _readings(rule)
            half_rate = before[0].per_second * _RATIO_WANTED / 2
            work = measure(platform, connections=options.connections, seconds=options.seconds, half_rate=half_rate)
            loads = uvloop.run(work)
            after = _readings(rule)
        balanced = platform.books_balanced()
    print_lines(*before, *after, *loads)
    means = {one.clients: (one.per_second + other.per_second) / 2 for one, other in zip(before, after, strict=True)}
    for load in loads:
        ratios = {str(clients): load.per_second / mean for clients, mean in means.items()}
        print_lines({"what": load.what, "connections": load.connections, "of_five_statements_at_clients": ratios})
    print_lines({"books_balanced": balanced})
    return 0 if balanced else 1


def _readings(rule: Yardstick) -> list[Reading]:
    return [rule.read("five_statements", clients) for clients in (16, 32)]


if __name__ == "__main__":
    sys.exit(main())
