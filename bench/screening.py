"""Names against the real list of OFAC, in process: what is found, what is flagged wrongly, and how long it takes.

    WAQITI_OFAC_DIR=DIR python -m bench.screening [--names 2000]

prints JSON lines. DIR holds sdn.csv and alt.csv as OFAC publishes them; they are not part of the project. Where the
machine has other work, p99 by the clock is that of its scheduler; p99 of the processor stays.
"""

import argparse
import gc
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from bench.ordinary import later_names, ordinary_names
from bench.printing import print_lines
from bench.slips import shuffled, with_a_typo, without_a_letter
from waqiti.services.compliance.domain.lists import SourceList, together
from waqiti.services.compliance.domain.ofac import read_ofac
from waqiti.services.compliance.domain.screening import Entry, Match, WatchList
from waqiti.services.compliance.service import shipped_source

VARIABLE: Final = "WAQITI_OFAC_DIR"
AT: Final = 5
_SEED: Final = 20

_Time = tuple[float, float]
"""Milliseconds by the clock on the wall, and of this thread's processor."""


class Built(msgspec.Struct, frozen=True, kw_only=True):
    what: str = "the list"
    entries: int
    names: int
    seconds: float


class Times(msgspec.Struct, frozen=True):
    """What one name takes, by the clock on the wall and of the processor."""

    p50_ms: float
    p99_ms: float
    p99_cpu_ms: float


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many of ``names`` are what ``what`` says."""

    what: str
    names: int
    share: float
    times: Times


class FalsePositives(msgspec.Struct, frozen=True, kw_only=True):
    """Ordinary names that are not clear; ``on_the_list`` of them are the name of an entry, word by word."""

    what: str
    names: int
    flagged: int
    on_the_list: int
    share: float
    share_of_others: float
    times: Times


def main() -> int:
    """Measure and print; exit 1 where the list is absent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=2_000)
    options = parser.parse_args()
    directory = os.environ.get(VARIABLE)
    if not directory:
        sys.stderr.write(f"{VARIABLE} is not set: it names the directory of OFAC's sdn.csv and alt.csv\n")
        return 1
    began = time.perf_counter()
    names = real_list(Path(directory))
    print_lines(
        Built(entries=len(names.entries), names=names.name_count, seconds=time.perf_counter() - began),
        found_at_5(names, options.names),
        not_clear(names, options.names),
        false_positives(names, "ordinary names of many countries that are not clear", ordinary_names()),
        false_positives(names, "the same of names written down later", later_names()),
    )
    return 0


def real_list(directory: Path) -> WatchList:
    """Return what is screened against once the list in ``directory`` is loaded."""
    entries = read_ofac((directory / "sdn.csv").read_bytes(), (directory / "alt.csv").read_bytes())
    names = together([shipped_source(), SourceList.from_entries("ofac", entries).checked()])
    gc.collect()
    gc.freeze()
    return names


def found_at_5(names: WatchList, count: int) -> Share:
    """Search for names of entries, words shuffled and one typo; found is whose entry is among the first 5."""
    chance = random.Random(_SEED)
    asked = [(entry, chance.choice((entry.name, *entry.aliases))) for entry in _some(names.entries, count, chance)]
    queries = [with_a_typo(shuffled(name, chance), chance) for _, name in asked]
    answers, times = _timed(lambda query: names.search(query, AT), queries)
    found = sum(
        any(match.reference == entry.reference for match in answer)
        for (entry, _), answer in zip(asked, answers, strict=True)
    )
    return _share("names with one typo, words shuffled, found among the first 5", found, times)


def not_clear(names: WatchList, count: int) -> Share:
    """Screen individuals, words shuffled and one letter dropped; found is who is not clear."""
    chance = random.Random(_SEED)
    people = [entry for entry in names.entries if entry.kind == "individual" and entry.reference.startswith("OFAC")]
    queries = [without_a_letter(shuffled(one.name, chance), chance) for one in _some(people, count, chance)]
    answers, times = _timed(names.screen, queries)
    return _share("individuals with one letter dropped, words shuffled, not clear", sum(map(bool, answers)), times)


def false_positives(names: WatchList, what: str, asked: Sequence[str]) -> FalsePositives:
    """Screen ordinary names."""
    answers, times = _timed(names.screen, asked)
    flagged = [answer for answer in answers if answer]
    exact = sum(answer[0].score == 1.0 for answer in flagged)
    return FalsePositives(
        what=what,
        names=len(asked),
        flagged=len(flagged),
        on_the_list=exact,
        share=len(flagged) / len(asked),
        share_of_others=(len(flagged) - exact) / len(asked),
        times=_percentiles(times),
    )


def _some(entries: Sequence[Entry], count: int, chance: random.Random) -> list[Entry]:
    return chance.sample(entries, min(count, len(entries)))


def _timed(search: Callable[[str], list[Match]], queries: Sequence[str]) -> tuple[list[list[Match]], list[_Time]]:
    answers: list[list[Match]] = []
    times: list[_Time] = []
    for query in queries:
        began, began_cpu = time.perf_counter(), time.thread_time()
        answers.append(search(query))
        times.append(((time.perf_counter() - began) * 1000, (time.thread_time() - began_cpu) * 1000))
    return answers, times


def _share(what: str, found: int, times: Sequence[_Time]) -> Share:
    return Share(what=what, names=len(times), share=found / len(times), times=_percentiles(times))


def _percentiles(times: Sequence[_Time]) -> Times:
    clock, cpu = sorted(one for one, _ in times), sorted(one for _, one in times)
    last = int(len(times) * 0.99)
    return Times(clock[len(times) // 2], clock[last], cpu[last])


if __name__ == "__main__":
    sys.exit(main())
