"""What a score costs: batches of 32 to fraud-service, and the processor time that it and its PostgreSQL take.

    python -m bench.scoring [--batches 300] [--size 32]

prints a JSON line: microseconds of a core per payment, and the time of a batch.
"""

import argparse
import json
import random
import sys
import time
import urllib.request
from typing import Final
from uuid import UUID

import asyncpg
import msgspec
import uvloop

from bench.platform import Platform, running_platform
from bench.printing import print_lines
from bench.yardstick import Server
from waqiti.contracts.catalog import FRAUD, PAYMENT, deployment
from waqiti.contracts.fraud import FraudClient, ScoreRequest
from waqiti.foundation.clock import utc_now
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import new_id
from waqiti.foundation.security import TokenIssuer
from waqiti.operations.state.processes import ProcessRef

CUSTOMERS: Final = 256
_BACKENDS: Final = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the batches took; ``milliseconds`` is the mean time of a batch."""

    payments: int
    batch: int
    milliseconds: float
    service_us: float
    postgres_us: float
    model_versions: list[str | None]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--size", type=int, default=32)
    options = parser.parse_args()
    with running_platform() as platform:
        print_lines(uvloop.run(_measure(platform, options.batches, options.size)))
    return 0


async def _measure(platform: Platform, batches: int, size: int) -> Cost:
    tokens = TokenIssuer.read(PAYMENT, platform.state / "secrets" / f"{PAYMENT}.pem")
    caller = ServiceClient(FRAUD, platform.services[FRAUD], authorization=tokens.authorization)
    admin = await _administrator(platform.server)
    fraud, chance = FraudClient(caller), random.Random(1)
    customers = [new_id() for _ in range(CUSTOMERS)]
    for _ in range(batches // 4):
        await fraud.score(_batch(customers, chance, size))
    service = [_pid(platform)]
    backends = [row[0] for row in await admin.fetch(_BACKENDS, deployment(FRAUD).database)]
    versions: set[str | None] = set()
    before, since = (_used(service), _used(backends)), time.perf_counter()
    for _ in range(batches):
        versions.update(row.model_version for row in await fraud.score(_batch(customers, chance, size)))
    elapsed = time.perf_counter() - since
    after = (_used(service), _used(backends))
    await admin.close()
    await caller.close()
    payments = batches * size
    return Cost(
        payments=payments,
        batch=size,
        milliseconds=elapsed / batches * 1e3,
        service_us=(after[0] - before[0]) / payments * 1e6,
        postgres_us=(after[1] - before[1]) / payments * 1e6,
        model_versions=sorted(versions, key=str),
    )


def _batch(customers: list[UUID], chance: random.Random, size: int) -> list[ScoreRequest]:
    return [_request(customers, chance) for _ in range(size)]


def _request(customers: list[UUID], chance: random.Random) -> ScoreRequest:
    payer, payee = chance.sample(customers, 2)
    return ScoreRequest(
        id=new_id(),
        kind="payment",
        from_wallet=payer,
        to_wallet=payee,
        from_customer=payer,
        to_customer=payee,
        amount=chance.randrange(1, 5_000),
        currency="EUR",
        created_at=utc_now(),
    )


async def _administrator(server: Server) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        database=deployment(FRAUD).database,
    )


def _pid(platform: Platform) -> int:
    """Return the process that answers for fraud-service."""
    request = urllib.request.Request(  # noqa: S310 - the platform's own address
        f"{platform.services[FRAUD]}/actuator/info", headers={"Authorization": f"Bearer {platform.operator_key}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
        found: int = json.load(answer)["pid"]
    return found


def _used(processes: list[int]) -> float:
    """Return the processor seconds that processes have used."""
    return sum(ProcessRef.of(pid).cpu_seconds or 0.0 for pid in processes)


if __name__ == "__main__":
    sys.exit(main())
