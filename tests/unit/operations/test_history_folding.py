"""From samples to minutes and days: what counters rose by, and how gauges stood."""

import pytest

from waqiti.operations.history.folding import NOTHING, Fold, Spread, fold_samples, merge
from waqiti.operations.history.names import bucket, metric_name, requests_of

COUNTERS = frozenset({1, 2})


def test_a_counter_is_folded_into_its_increase_since_the_sample_before() -> None:
    assert fold_samples({1: 10}, [{1: 12}, {1: 15}], COUNTERS).increases == {1: 5}


def test_a_life_that_was_seen_to_begin_counts_from_nothing() -> None:
    assert fold_samples(NOTHING, [{1: 3}, {1: 4}], COUNTERS).increases == {1: 4}


def test_a_label_that_appears_later_counts_from_nothing() -> None:
    assert fold_samples({1: 10}, [{1: 10}, {1: 10, 2: 3}], COUNTERS).increases == {2: 3}


def test_what_did_not_move_is_left_out_and_nothing_is_ever_negative() -> None:
    assert fold_samples({1: 10, 2: 7}, [{1: 10, 2: 5}], COUNTERS).increases == {}


def test_a_gauge_is_folded_into_its_least_mean_and_most() -> None:
    assert fold_samples(NOTHING, [{9: 1}, {}, {9: 4}, {9: 4}], COUNTERS).gauges == {9: Spread(1, 3, 4, 3)}


def test_periods_are_added_up_by_the_number_of_their_samples() -> None:
    minutes = [Fold(30, {1: 5}, {9: Spread(1, 2, 3, 30)}), Fold(10, {1: 1, 2: 1}, {9: Spread(0, 6, 9, 10)})]

    assert merge(minutes) == Fold(40, {1: 6, 2: 1}, {9: Spread(0, 3, 9, 40)})


def test_folding_in_two_steps_is_folding_in_one() -> None:
    rows = [{1: 11, 9: 2}, {1: 14, 9: 4}, {1: 14, 2: 6, 9: 9}, {1: 20, 2: 6, 9: 1}]
    halves = [fold_samples({1: 10}, rows[:2], COUNTERS), fold_samples(rows[1], rows[2:], COUNTERS)]

    assert merge(halves) == fold_samples({1: 10}, rows, COUNTERS)


@pytest.mark.parametrize(
    ("name", "labels", "kept"),
    [
        ("payment_total", {}, "payment_total"),
        ("payment_refused_total", {"reason": "funds"}, 'payment_refused_total{reason="funds"}'),
        ("http_requests_total", {"method": "GET", "route": "/v1/payments", "status": "503"}, requests_of("5xx")),
        ("http_request_duration_seconds_bucket", {"route": "/v1/payments", "le": "0.5"}, bucket("0.5")),
        ("kafka_consumer_lag_sum", {"group": "g", "topic": "t"}, 'kafka_consumer_lag_sum{group="g",topic="t"}'),
        ("http_requests_total", {"method": "GET", "route": "/actuator/health/readiness", "status": "200"}, None),
        ("http_requests_total", {"method": "GET", "route": "/payment-service/health", "status": "200"}, None),
        ("http_request_duration_seconds_bucket", {"route": "/health/critical", "le": "0.5"}, None),
        ("notification_events_total", {"type": "x"}, None),
    ],
)
def test_what_is_kept_has_a_name_and_health_checks_are_no_work(
    name: str, labels: dict[str, str], kept: str | None
) -> None:
    assert metric_name(name, labels) == kept
