"""Where the time of a payment goes: core-microseconds of each process, and commits of each database, per payment.

    python -m bench.budget [--seconds 10] [--connections 64] [--batch SIZE] [--flames DIRECTORY]

prints JSON lines: one for each process of the platform, each database's sessions and the load generator, then the sum.
Processor time is read from /proc, so that other work on the machine blurs it little. With ``--flames`` the load runs a
second time under py-spy, which writes one flame graph for each process that spends over a hundredth of the whole.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
import uvloop

from bench import flames
from bench.payments import Load, batches, singles, wallets
from bench.platform import Platform, running_platform
from bench.printing import print_lines
from waqiti.client import AsyncClient
from waqiti.operations.cluster.status import cluster_status
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.processes import ProcessRef

_MICROSECONDS: Final = 1_000_000
_WORTH_A_FLAME: Final = 0.01
_RATE_HERTZ: Final = 200
_ORDER: Final = (
    "api-gateway api",
    "payment-service api",
    "payment-service worker",
    "PostgreSQL waqiti_payments",
    "fraud-service api",
    "PostgreSQL waqiti_fraud",
    "compliance-service api",
    "PostgreSQL waqiti_compliance",
    "ledger-service api",
    "PostgreSQL waqiti_ledger",
)


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of the machine spent on a payment."""

    part: str
    microseconds_per_payment: float


class Commits(msgspec.Struct, frozen=True, kw_only=True):
    """Transactions of one database, statements outside a block among them."""

    database: str
    per_payment: float
    per_second: float


class _Moment(msgspec.Struct, frozen=True):
    seconds: dict[str, float]
    commits: dict[str, int]
    at: float


_SESSIONS: Final = """
SELECT pid, coalesce(datname, backend_type) AS part FROM pg_stat_activity WHERE pid <> pg_backend_pid()
"""
_COMMITS: Final = "SELECT datname, xact_commit FROM pg_stat_database WHERE datname LIKE 'waqiti%'"


async def _moment(platform: Platform, postgres: "asyncpg.Connection[asyncpg.Record]") -> _Moment:
    seconds: dict[str, float] = defaultdict(float)
    for part, pid in _processes(platform).items():
        seconds[part] += _seconds(pid)
    for row in await postgres.fetch(_SESSIONS):
        seconds[f"PostgreSQL {row['part']}"] += _seconds(row["pid"])
    seconds["load generator"] = _seconds(os.getpid())
    commits = {row["datname"]: int(row["xact_commit"]) for row in await postgres.fetch(_COMMITS)}
    return _Moment(dict(seconds), commits, time.perf_counter())


def _processes(platform: Platform) -> dict[str, int]:
    status = cluster_status(Layout(platform.state))
    found = {
        f"{row.name} {process.role}": process.pid
        for row in status.deployments
        for replica in row.replicas
        for process in replica.processes
    }
    return found | {"supervisor": status.supervisor.pid or 0, "init": status.init.pid or 0}


def _seconds(pid: int) -> float:
    try:
        return ProcessRef.of(pid).cpu_seconds or 0.0
    except ProcessLookupError:
        return 0.0


async def measure(platform: Platform, options: argparse.Namespace) -> tuple[Load, list[Spent], list[Commits]]:
    """Run the load and say what each part spent on a payment of it."""
    connections = options.connections if not options.batch else 4
    async with AsyncClient(platform.base_url, platform.api_key, max_connections=connections) as client:
        made = await wallets(client)
        await singles(client, made, connections=connections, seconds=3)
        server = platform.server
        postgres = await asyncpg.connect(
            host=server.host, port=server.port, user=server.user, password=server.password, database="postgres"
        )
        try:
            before = await _moment(platform, postgres)
            load = await _load(client, made, connections, options)
            after = await _moment(platform, postgres)
            spent, commits = _spent(before, after, load.payments), _commits(before, after, load.payments)
            if options.flames:
                watched = _watch(platform, spent, options)
                await _load(client, made, connections, options)
                await asyncio.gather(*(asyncio.to_thread(one.wait) for one in watched))
                _draw(Path(options.flames), options)
        finally:
            await postgres.close()
    return load, spent, commits


async def _load(client: AsyncClient, made: list[str], connections: int, options: argparse.Namespace) -> Load:
    if options.batch:
        return await batches(client, made, size=options.batch, connections=connections, seconds=options.seconds)
    return await singles(client, made, connections=connections, seconds=options.seconds)


def _spent(before: _Moment, after: _Moment, payments: int) -> list[Spent]:
    scale = _MICROSECONDS / payments
    found = {part: (seconds - before.seconds.get(part, 0.0)) * scale for part, seconds in after.seconds.items()}
    return [Spent(part=part, microseconds_per_payment=found[part]) for part in sorted(found, key=_place)]


def _place(part: str) -> tuple[int, str]:
    return (_ORDER.index(part) if part in _ORDER else len(_ORDER), part)


def _commits(before: _Moment, after: _Moment, payments: int) -> list[Commits]:
    seconds = after.at - before.at
    return [
        Commits(
            database=name,
            per_payment=(count - before.commits[name]) / payments,
            per_second=(count - before.commits[name]) / seconds,
        )
        for name, count in sorted(after.commits.items())
    ]


def _watch(platform: Platform, spent: Sequence[Spent], options: argparse.Namespace) -> list[subprocess.Popen[bytes]]:
    directory = Path(options.flames)
    directory.mkdir(parents=True, exist_ok=True)
    dear = _dear(spent)
    return [
        _spy(pid, directory / f"{part.replace(' ', '-')}.raw", max(1, int(options.seconds) - 1))
        for part, pid in _processes(platform).items()
        if part in dear
    ]


def _dear(spent: Sequence[Spent]) -> Mapping[str, float]:
    whole = sum(one.microseconds_per_payment for one in spent)
    return {
        one.part: one.microseconds_per_payment for one in spent if one.microseconds_per_payment > whole * _WORTH_A_FLAME
    }


def _spy(pid: int, into: Path, seconds: int) -> subprocess.Popen[bytes]:
    spy = str(Path(sys.executable).with_name("py-spy"))
    return subprocess.Popen(
        [
            spy,
            "record",
            "--pid",
            str(pid),
            "--output",
            str(into),
            "--duration",
            str(seconds),
            "--rate",
            str(_RATE_HERTZ),
            "--format",
            "raw",
            "--native",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _draw(directory: Path, options: argparse.Namespace) -> None:
    """Turn what py-spy wrote into a drawing for each process."""
    load = f"batches of {options.batch}" if options.batch else f"single payments, {options.connections} connections"
    for raw in sorted(directory.glob("*.raw")):
        root = flames.read(raw.read_text().splitlines())
        raw.with_suffix(".svg").write_text(flames.drawn(root, f"{raw.stem}: {load}, {root.samples:,} samples"))
        raw.unlink()


def main() -> int:
    """Measure and print; exit 1 where the books do not balance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--flames")
    options = parser.parse_args()
    with running_platform() as platform:
        load, spent, commits = uvloop.run(measure(platform, options))
        balanced = platform.books_balanced()
    whole = sum(one.microseconds_per_payment for one in spent)
    print_lines(load, *spent, Spent(part="all", microseconds_per_payment=whole), *commits, {"books_balanced": balanced})
    return 0 if balanced else 1


if __name__ == "__main__":
    sys.exit(main())
