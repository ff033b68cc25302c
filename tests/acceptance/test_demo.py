"""``waqiti demo``: the same day ends the same way, as funds, rules and the list of names have it."""

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.platform import Platform, free_port
from tests.support.switching import switched
from waqiti.cli.town.orders import VISITOR, orders
from waqiti.simulation import Town

PAYMENTS = 700
SEED = 2
AT_ONCE_SECONDS = 6
NEAR_THE_THRESHOLD = range(9_000_00, 10_000_00)


def expected(town: Town, count: int) -> Counter[str]:
    """Replay the day with nothing but balances, the rule against structuring, and the visitor who is on the list."""
    day = orders(town, count)
    payers = {order.payer for order in day}
    balances = Counter({person.id: person.funds for person in town.people if person.id in payers})
    near: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for order in day:
        near[order.payer] += order.amount in NEAR_THE_THRESHOLD
        if order.payer == VISITOR:
            ended["declined"] += 1
        elif order.amount > balances[order.payer]:
            ended["failed"] += 1
        elif order.amount in NEAR_THE_THRESHOLD and near[order.payer] >= 4:
            ended["declined"] += 1
        elif order.amount in NEAR_THE_THRESHOLD and near[order.payer] == 3:
            ended["in_review"] += 1
            balances[order.payer] -= order.amount
        else:
            ended["captured"] += 1
            balances[order.payer] -= order.amount
            balances[order.payee] += order.amount
    return ended


@pytest.mark.timeout(180)
def test_the_same_seed_ends_the_same_way_as_often_as_it_is_played(platform: Platform) -> None:
    foreseen = expected(Town.with_payments(SEED, PAYMENTS), PAYMENTS)
    assert foreseen["declined"] >= 3
    assert foreseen["in_review"] == 1
    assert foreseen["failed"] >= 1

    for _ in range(2):
        finished = platform.command(
            "demo", "--payments", str(PAYMENTS), "--seed", str(SEED), "--json", timeout_seconds=80
        )

        assert finished.exit_code == 0, finished.stderr
        document = finished.document()
        assert list(document) == [
            *("payments", "by_status", "seconds", "payments_per_second", "p50_ms", "p95_ms", "books_balanced"),
        ]
        assert document["by_status"] == foreseen
        assert document["payments"] == PAYMENTS
        assert document["payments_per_second"] == pytest.approx(PAYMENTS / document["seconds"], rel=0.01)
        assert 0 < document["p50_ms"] <= document["p95_ms"]
        assert document["books_balanced"] is True


def test_a_demo_shows_who_decided_and_proves_the_books(platform: Platform) -> None:
    finished = platform.command("demo", "--payments", "12")

    assert finished.exit_code == 0, finished.stderr
    assert "An approval" in finished.stdout
    assert "A sanctions hit" in finished.stdout
    assert "sanctions_hit: Screening refused it." in finished.stdout
    assert "The books balance" in finished.stdout
    assert "Paying: 12" in finished.stderr


def test_without_a_platform_a_demo_is_refused(tmp_path: Path) -> None:
    finished = Platform(tmp_path / "state", free_port()).command("demo", "--json")

    assert finished.exit_code == 3
    assert list(finished.document()) == ["error"]
    assert "waqiti up" in finished.stderr


def test_where_nobody_answers_a_demo_is_refused(platform: Platform, tmp_path: Path) -> None:
    credentials = platform.state / "credentials.json"
    moved = credentials.read_text().replace(platform.credentials.base_url, f"http://127.0.0.1:{free_port()}")
    (tmp_path / "credentials.json").write_text(moved)

    finished = Platform(tmp_path, free_port()).command("demo")

    assert finished.exit_code == 3
    assert "waqiti up" in finished.stderr


@pytest.mark.parametrize(
    ("mode", "service"),
    [("READ_ONLY_MODE", "compliance-service"), ("EMERGENCY_MODE", None), ("MAINTENANCE_MODE", None)],
)
def test_in_a_mode_that_refuses_it_a_demo_is_refused_at_once(
    platform: Platform, mode: str, service: str | None
) -> None:
    with switched(platform, mode, "on", service=service):
        began = time.monotonic()
        refused = platform.command("demo", "--payments", "20")

    assert time.monotonic() - began < AT_ONCE_SECONDS
    assert refused.exit_code == 3
    assert f"while {mode} is on" in refused.stderr
    assert "waqiti switch list" in refused.stderr


def test_a_demo_has_ten_payments_at_least(platform: Platform) -> None:
    assert platform.command("demo", "--payments", "9").exit_code == 2
