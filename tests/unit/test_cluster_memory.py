"""What is decided about replicas by the memory that they use."""

from typing import Final

from msgspec.structs import replace

from waqiti.operations.cluster.supervision.memory import (
    BETWEEN_REPLACEMENTS_SECONDS,
    Reading,
    Remembered,
    Verdict,
    judge,
)

LIMIT: Final = 1_000
FRESH: Final = Remembered()


def reading(percent: int, replica: str = "alpha-1", *, replaceable: bool = True) -> Reading:
    deployment = replica.rpartition("-")[0]
    return Reading(
        replica=replica,
        deployment=deployment,
        used_bytes=percent * LIMIT // 100,
        limit_bytes=LIMIT,
        replaceable=replaceable,
    )


def judged(*readings: Reading, before: Remembered = FRESH, at_seconds: float = 0.0, replacing: bool = False) -> Verdict:
    return judge(readings, before, at_seconds, replacing=replacing)


def names(readings: tuple[Reading, ...]) -> list[str]:
    return [one.replica for one in readings]


def test_below_four_fifths_of_its_limit_nothing_is_done() -> None:
    assert judged(reading(79)) == Verdict()


def test_from_four_fifths_on_a_replica_is_a_finding_once_until_it_falls_below_three_quarters() -> None:
    said = []
    remembered = FRESH
    for percent in (79, 80, 85, 76, 80, 75, 74, 79, 80):
        verdict = judged(reading(percent), before=remembered)
        said.append(bool(verdict.findings))
        remembered = verdict.remember

    assert said == [False, True, False, False, False, False, False, False, True]


def test_a_replica_that_is_gone_is_forgotten_and_its_successor_of_the_same_name_is_found_anew() -> None:
    found = judged(reading(85)).remember
    gone = judged(before=found).remember

    assert names(judged(reading(85), before=gone).findings) == ["alpha-1"]


def test_from_nine_tenths_on_a_replica_is_replaced() -> None:
    assert judged(reading(89)).replace is None
    assert judged(reading(90)).replace == reading(90)


def test_one_replica_is_replaced_at_a_time_and_that_is_the_fullest() -> None:
    full, fuller = reading(91, "alpha-1"), reading(95, "beta-1")

    assert judged(full, fuller).replace == fuller
    assert judged(full, fuller, replacing=True).replace is None


def test_a_deployment_has_one_replaced_in_five_minutes_and_others_meanwhile() -> None:
    remembered = judged(reading(92, "alpha-1")).remember
    soon, later = BETWEEN_REPLACEMENTS_SECONDS - 1, BETWEEN_REPLACEMENTS_SECONDS

    assert judged(reading(92, "alpha-2"), before=remembered, at_seconds=soon).replace is None
    assert judged(reading(92, "beta-1"), before=remembered, at_seconds=soon).replace is not None
    assert judged(reading(92, "alpha-2"), before=remembered, at_seconds=later).replace is not None


def test_what_is_not_at_rest_is_not_replaced() -> None:
    assert judged(reading(95, replaceable=False)).replace is None


def test_at_its_limit_a_replica_is_killed_whatever_else_is_under_way() -> None:
    full = reading(100, replaceable=False)

    verdict = judged(full, reading(99, "beta-1"), replacing=True)

    assert names(verdict.kill) == ["alpha-1"]
    assert judged(reading(130)).replace is None, "a kill is enough"


def test_what_is_cut_off_is_a_finding_and_lives_on_at_its_limit() -> None:
    verdict = judged(replace(reading(120, replaceable=False), held_back=True))

    assert (names(verdict.findings), verdict.kill, verdict.replace) == (["alpha-1"], (), None)


def test_readings_are_told_in_megabytes_and_percent() -> None:
    told = Reading(replica="alpha-1", deployment="alpha", used_bytes=900 * 1024**2, limit_bytes=1024**3)

    assert str(told) == "900 of 1,024 MB, 87 %"
