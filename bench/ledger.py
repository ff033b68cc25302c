"""The ledger alone: batches of 500 transfers over its HTTP interface, beside pgbench on the same server.

    python -m bench.ledger [--seconds 10] [--accounts 10000]

prints JSON lines: each reading, then the ratios. The load generator shares the machine with the ledger.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
import uvloop

from bench.platform import Platform, running_platform
from bench.printing import print_lines
from bench.yardstick import Reading, Yardstick, yardstick
from waqiti.contracts.catalog import LEDGER, WALLET
from waqiti.contracts.ledger import LedgerClient, OpenAccount, Transfer, system_account_id, system_accounts
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import new_id
from waqiti.foundation.security import TokenIssuer

BATCH: Final = 500
FUNDS: Final = 10_000_000
CLIENTS: Final = (1, 8, 16, 32)
CURRENCY: Final = "EUR"
_TIMEOUT_SECONDS: Final = 30.0

Pair = Callable[[random.Random], tuple[UUID, UUID]]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of batches gave."""

    what: str
    callers: int
    transfers: int
    seconds: float
    per_second: float


def main() -> int:
    """Measure and print; exit 1 where the books do not balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--accounts", type=int, default=10_000)
    options = parser.parse_args()
    with running_platform() as platform:
        with yardstick(platform.server) as rule:
            before = _readings(rule)
            loads = uvloop.run(_measure(platform, options.accounts, options.seconds))
            after = _readings(rule)
        balanced = platform.books_balanced()
    print_lines(*before, *after, *loads)
    best = max((one.per_second + other.per_second) / 2 for one, other in zip(before, after, strict=True))
    for load in loads:
        print_lines({"what": load.what, "callers": load.callers, "of_one_call_at_best": load.per_second / best})
    print_lines({"books_balanced": balanced})
    return 0 if balanced else 1


def _readings(rule: Yardstick) -> list[Reading]:
    return [rule.read("one_call", clients) for clients in CLIENTS]


async def _measure(platform: Platform, accounts: int, seconds: float) -> list[Load]:
    tokens = TokenIssuer.read(WALLET, platform.state / "secrets" / f"{WALLET}.pem")
    caller = ServiceClient(LEDGER, platform.services[LEDGER], authorization=tokens.authorization)
    ledger = LedgerClient(caller)
    wallets = await _funded(ledger, accounts)
    hot = wallets[0]

    def uniform(chance: random.Random) -> tuple[UUID, UUID]:
        debit, credit = chance.sample(wallets, 2)
        return debit, credit

    def into_one(chance: random.Random) -> tuple[UUID, UUID]:
        return wallets[chance.randrange(1, len(wallets))], hot

    await _run(ledger, "warm-up", uniform, callers=4, seconds=2)
    return [
        await _run(ledger, f"batches of {BATCH}, {accounts} accounts", uniform, callers=callers, seconds=seconds)
        for callers in (1, 2, 4)
    ] + [await _run(ledger, f"batches of {BATCH} into one account", into_one, callers=4, seconds=seconds)]


async def _funded(ledger: LedgerClient, count: int) -> list[UUID]:
    """Open wallet accounts, which cannot be overdrawn, and pay money in."""
    await ledger.open_accounts(system_accounts(CURRENCY))
    wallets = [new_id() for _ in range(count)]
    rail = system_account_id("rail", CURRENCY)
    for start in range(0, count, BATCH):
        part = wallets[start : start + BATCH]
        await ledger.open_accounts([OpenAccount(id=one, kind="wallet", currency=CURRENCY) for one in part])
        await _post(ledger, [(rail, one) for one in part], FUNDS)
    return wallets


async def _run(ledger: LedgerClient, what: str, pair: Pair, *, callers: int, seconds: float) -> Load:
    posted = 0
    stop_at = time.perf_counter() + seconds

    async def loop(seed: int) -> None:
        nonlocal posted
        chance = random.Random(seed)
        while time.perf_counter() < stop_at:
            await _post(ledger, [pair(chance) for _ in range(BATCH)], 1)
            posted += BATCH

    started = time.perf_counter()
    await asyncio.gather(*(loop(seed) for seed in range(callers)))
    elapsed = time.perf_counter() - started
    return Load(what=what, callers=callers, transfers=posted, seconds=elapsed, per_second=posted / elapsed)


async def _post(ledger: LedgerClient, pairs: list[tuple[UUID, UUID]], amount: int) -> None:
    transfers = [
        Transfer(
            id=new_id(),
            kind="post",
            purpose="payment",
            debit=debit,
            credit=credit,
            amount=amount,
            currency=CURRENCY,
        )
        for debit, credit in pairs
    ]
    results = await ledger.post(transfers, timeout_seconds=_TIMEOUT_SECONDS)
    assert all(result.outcome == "posted" for result in results), "a transfer that every account could bear was refused"


if __name__ == "__main__":
    sys.exit(main())
