"""One metric at a time, added up over the label values that were not asked for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from waqiti.foundation.telemetry.metrics import Sample, samples


class Measurement(msgspec.Struct, frozen=True):
    """One number of a metric."""

    statistic: str
    value: float


class Tag(msgspec.Struct, frozen=True):
    """A label and the values that it has."""

    tag: str
    values: list[str]


class Meter(msgspec.Struct, frozen=True, rename="camel"):
    """A metric as it stands, and the tags by which it can be narrowed."""

    name: str
    measurements: list[Measurement]
    available_tags: list[Tag]


_STATISTICS = {"_sum": "TOTAL", "_count": "COUNT"}


def meter_names() -> list[str]:
    """Return the names of all metrics; buckets of histograms are left to Prometheus."""
    return sorted({sample.name for sample in samples() if not _is_detail(sample)})


def meter(name: str, tags: Sequence[tuple[str, str]]) -> Meter | None:
    """Return the metric ``name`` narrowed to ``tags``; None where nothing has these. Dots may stand for underscores."""
    plain = name.replace(".", "_")
    found = [sample for sample in samples() if _belongs(sample, plain) and _matches(sample, tags)]
    if not found:
        return None
    return Meter(name, _measurements(found, plain), _tags(found))


def _belongs(sample: Sample, name: str) -> bool:
    return sample.name == name or (sample.name.startswith(name) and sample.name[len(name) :] in _STATISTICS)


def _matches(sample: Sample, tags: Sequence[tuple[str, str]]) -> bool:
    return all(sample.labels.get(tag) == value for tag, value in tags)


def _measurements(found: Iterable[Sample], name: str) -> list[Measurement]:
    totals: dict[str, float] = defaultdict(float)
    for sample in found:
        totals[_STATISTICS.get(sample.name[len(name) :], "VALUE")] += sample.value
    return [Measurement(statistic, value) for statistic, value in totals.items()]


def _tags(found: Iterable[Sample]) -> list[Tag]:
    values: dict[str, set[str]] = defaultdict(set)
    for sample in found:
        for label, value in sample.labels.items():
            values[label].add(value)
    return [Tag(label, sorted(values[label])) for label in sorted(values)]


def _is_detail(sample: Sample) -> bool:
    return sample.name.endswith(("_bucket", "_created"))
