"""Zero drops, measured: two clients without retries, fifty requests a second each, while the platform is operated.

    python -m bench.drops --minutes 30 [--seed N] [--logs DIR]

One client opens a connection for each request, the other keeps sixteen and honours ``Connection: close``. Operations
are done in rounds, each in an order of its own. Printed are JSON lines: one for each violation and each operation, then
a summary with the books. Exit 1 where there was a violation; ``--logs`` copies the platform's logs there.
"""

import argparse
import random
import shutil
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from bench.drops.books import Books, audit
from bench.drops.commands import Commands
from bench.drops.exchange import Drop
from bench.drops.operating import flowing, in_rounds, operate
from bench.drops.operations import ROUND
from bench.drops.recording import Period, Recorder
from bench.drops.traffic import Traffic
from bench.payments import FUNDS, wallets
from bench.platform import Platform, running_platform
from bench.printing import print_lines
from waqiti.client import AsyncClient

_SETUP_CONNECTIONS: Final = 16
_EXPLAINED: Final = 5
_WORTH_EXPLAINING_MS: Final = 3000.0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run."""

    seed: int
    minutes: float
    requests: dict[str, int]
    statuses: dict[str, int]
    operations: dict[str, int]
    in_flight_bound_reached: dict[str, int]
    whole: Period
    books: Books
    ledger_balanced: bool


async def measure(platform: Platform, *, minutes: float, seed: int) -> tuple[Recorder, Books]:
    """Operate the platform under traffic for ``minutes``, then read every payment and every wallet."""
    recorder = Recorder()
    async with AsyncClient(platform.base_url, platform.api_key, max_connections=_SETUP_CONNECTIONS) as client:
        made = await wallets(client)
        traffic = Traffic(platform.base_url, platform.api_key, made, recorder, seed)
        commands = Commands(platform.state)
        async with flowing(platform.base_url, traffic, recorder):
            periods = await _operate(commands, recorder, minutes=minutes, seed=seed)
        await _explain(commands, periods)
        books = await audit(client, traffic, made, FUNDS)
    for problem in books.problems:
        recorder.violation(Drop("books", problem), client="books", sent="nothing")
    return recorder, books


async def _operate(commands: Commands, recorder: Recorder, *, minutes: float, seed: int) -> list[Period]:
    chance, periods = random.Random(seed), []
    ends_at = time.monotonic() + minutes * 60
    for operation in in_rounds(ROUND, chance):
        left = ends_at - time.monotonic()
        if left <= 0:
            break
        period = await operate(operation, commands, recorder, chance)
        periods.append(period)
        print_lines(period)
        _say(f"{left / 60:5.1f} min left, {recorder.all.violations.total()} violations; {period.detail}")
    return periods


async def _explain(commands: Commands, periods: list[Period]) -> None:
    """Print where the slowest payments were while they were not final."""
    slowest = sorted(periods, key=lambda period: period.longest_until_final_ms)[-_EXPLAINED:]
    for period in slowest:
        if period.slowest is not None and period.longest_until_final_ms > _WORTH_EXPLAINING_MS:
            told = await commands.document("payments", "explain", period.slowest, "--json")
            print_lines(
                {"explained": period.slowest, "during": period.detail, "explanation": msgspec.json.decode(told)}
            )


def main() -> int:
    """Measure and print; exit 1 where there was a violation or the books do not balance."""
    options = _options()
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    _say(f"seed {seed}")
    with running_platform() as platform:
        try:
            recorder, books = uvloop.run(measure(platform, minutes=options.minutes, seed=seed))
        finally:
            if options.logs is not None:
                shutil.copytree(platform.state / "logs", options.logs, dirs_exist_ok=True)
        summary = _summary(recorder, books, seed, options.minutes, balanced=platform.books_balanced())
    print_lines(summary)
    return 0 if summary.ledger_balanced and not summary.whole.violations else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--logs", type=Path)
    return parser.parse_args()


def _summary(recorder: Recorder, books: Books, seed: int, minutes: float, *, balanced: bool) -> Summary:
    return Summary(
        seed=seed,
        minutes=minutes,
        requests=dict(recorder.requests),
        statuses=dict(recorder.statuses),
        operations=dict(recorder.operations),
        in_flight_bound_reached=dict(recorder.bound_reached),
        whole=recorder.all.period("", minutes * 60),
        books=books,
        ledger_balanced=balanced,
    )


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
