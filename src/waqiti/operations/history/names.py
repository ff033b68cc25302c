"""Which of all that replicas export is kept, and under which name."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from waqiti.foundation.telemetry.metrics import BUCKETS_SECONDS

READY: Final = "replica_ready"
RESTARTS: Final = "replica_restarts"
MEMORY: Final = "replica_memory_bytes"
CPU: Final = "replica_cpu_cores"

REQUESTS: Final = "http_requests_total"
DURATION: Final = "http_request_duration_seconds"

_BUCKET: Final = f"{DURATION}_bucket"
_SUM: Final = f"{DURATION}_sum"
_BY_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "payment_total": (),
    "payment_success_total": (),
    "payment_refused_total": ("reason",),
    "payment_poisoned_total": (),
    "payment_stuck_total": ("what",),
    "switch_refusals_total": ("code",),
    "fraud_decisions_total": ("outcome",),
    "kafka_consumer_lag_sum": ("group", "topic"),
    "database_pool_connections": ("pool", "state"),
    "waqiti_switch_revision": (),
    "ledger_queued_transfers": (),
    "webhook_oldest_due_seconds": (),
    "fraud_false_positive_rate": (),
    "fraud_false_positive_rate_low": (),
    "fraud_false_positive_rate_high": (),
    "fraud_flagged_legitimate": (),
    "fraud_presumed_legitimate": (),
    "fraud_reviews_open": ("kind",),
    "fraud_model_version": ("version",),
}
# Asked for by the supervisor and the gateway all the time, and no work that anybody wanted done.
_NOT_WORK: Final = ("/actuator", "/cache/")
_HEALTH: Final = "/health"

_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_VALUE: Final = r'(?:[^"\\\n]|\\.)*'
_PAIR: Final = rf'[a-zA-Z_][a-zA-Z0-9_]*\s*=\s*"{_VALUE}"'
_PAIRS: Final = re.compile(rf'([a-zA-Z0-9_]+)\s*=\s*"({_VALUE})"')
_SELECTOR: Final = re.compile(rf"({_NAME})(?:\{{\s*({_PAIR}(?:\s*,\s*{_PAIR})*)?\s*\}})?")
# What may be counted, and stands at 0 until it is; other values are known once they were.
_MAY_BE: Final[Mapping[str, frozenset[str]]] = {
    "status": frozenset(f"{number}xx" for number in range(1, 6)),
    "le": frozenset({*map(str, BUCKETS_SECONDS), "+Inf"}),
}


class NoSelector(Exception):
    """A text is no selector; the message says what one is."""


class Selector(msgspec.Struct, frozen=True):
    """A metric's name and the labels that are asked for, each with one value; others may be anything."""

    name: str
    labels: frozenset[tuple[str, str]]

    def selects(self, other: "Selector") -> bool:
        """Say whether a kept name is asked for."""
        return self.name == other.name and self.labels <= other.labels

    def may_be(self, other: "Selector") -> bool:
        """Say whether what is asked for is counted as a kept name is, as soon as there is any."""
        has = {label for label, _ in other.labels}
        return self.name == other.name and all(
            label in has and value in _MAY_BE.get(label, ()) for label, value in self.labels
        )


def selector_of(text: str) -> Selector:
    """Read a selector: a name, or a name and labels with their values, as Prometheus writes them.

    Raises:
        NoSelector: it is none, or has another operator than =.
    """
    found = _SELECTOR.fullmatch(text)
    if found is None:
        raise NoSelector(f"{text[:64]!r} is no selector: a name, or a name and labels such as {requests_of('5xx')}")
    return Selector(found[1], frozenset(_PAIRS.findall(found[2] or "")))


def metric_name(name: str, labels: Mapping[str, str]) -> str | None:
    """Return what an exported number is kept as, added up over all others of that name; None where it is not kept.

    Requests are kept by the class of their status; what asks for health and diagnostics is left out.
    """
    if name == REQUESTS:
        return requests_of(labels["status"][:1] + "xx") if _is_work(labels["route"]) else None
    if name == _BUCKET:
        return bucket(labels["le"]) if _is_work(labels["route"]) else None
    if name == _SUM:
        return _SUM if _is_work(labels["route"]) else None
    kept = _BY_LABELS.get(name)
    return None if kept is None else labelled(name, {label: labels[label] for label in kept})


def labelled(name: str, labels: Mapping[str, str]) -> str:
    """Write a name and its labels as Prometheus does."""
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def requests_of(status_class: str) -> str:
    """Return the name of the requests that were answered with, for example, ``5xx``."""
    return labelled(REQUESTS, {"status": status_class})


def bucket(at_most_seconds: str) -> str:
    """Return the name of the requests that took longer than the bucket below, and at most so many seconds."""
    return labelled(_BUCKET, {"le": at_most_seconds})


def _is_work(route: str) -> bool:
    return not route.startswith(_NOT_WORK) and not route.endswith(_HEALTH) and not route.startswith(_HEALTH)
