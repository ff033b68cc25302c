"""Each scenario looks as it is described."""

from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest

import waqiti.services.fraud as fraud_service
from waqiti.services.fraud.domain.features import is_near
from waqiti.services.fraud.domain.rules import RuleSet
from waqiti.simulation import SimulatedPayment, Town, payments

RULES = RuleSet.read((Path(fraud_service.__file__).parent / "shipped_rules.toml").read_text())
Incidents = list[list[SimulatedPayment]]


@pytest.fixture(scope="module")
def town() -> Town:
    return Town.of(11, 400)


@pytest.fixture(scope="module")
def fraud(town: Town) -> dict[str, list[SimulatedPayment]]:
    found: dict[str, list[SimulatedPayment]] = defaultdict(list)
    for one in payments(town, 30):
        if one.scenario is not None:
            found[one.scenario].append(one)
    return found


def by_payer_and_day(found: list[SimulatedPayment]) -> Incidents:
    incidents = defaultdict(list)
    for one in found:
        incidents[one.payer, one.time.date()].append(one)
    return list(incidents.values())


def test_structuring_stays_just_beneath_the_threshold_of_the_shipped_rules(
    fraud: dict[str, list[SimulatedPayment]],
) -> None:
    for incident in by_payer_and_day(fraud["structuring"]):
        assert all(is_near(one.amount, RULES.thresholds["EUR"]) for one in incident)
        assert len(incident) % 5 == 0
        assert len({one.payee for one in incident}) >= 5


def test_a_taken_account_is_emptied_at_night_into_wallets_that_its_owner_does_not_know(
    town: Town, fraud: dict[str, list[SimulatedPayment]]
) -> None:
    people = {person.id: person for person in town.people}

    for incident in by_payer_and_day(fraud["account_takeover"]):
        victim = people[incident[0].payer]
        assert len({one.payee for one in incident}) == len(incident) == 4
        assert all(1 <= one.time.hour < 5 for one in incident)
        assert not {one.payee for one in incident} & set(victim.friends)
        assert 0.8 * victim.funds <= sum(one.amount for one in incident) <= victim.funds
        assert incident[-1].time - incident[0].time <= timedelta(minutes=12)


def test_a_mule_never_passes_on_more_than_came_in_and_does_so_within_the_hour(
    fraud: dict[str, list[SimulatedPayment]],
) -> None:
    chains = [fraud["mule_chain"][start : start + 6] for start in range(0, len(fraud["mule_chain"]), 6)]

    assert chains
    for taken, *passed in (chain for chain in chains if chain[-1].time.date() == chain[0].time.date()):
        assert sum(one.amount for one in passed if one.payer == taken.payee) <= taken.amount
        assert passed[-1].time - taken.time <= timedelta(minutes=40)


def test_a_compromised_merchant_turns_at_most_six_payments_within_three_days(
    fraud: dict[str, list[SimulatedPayment]],
) -> None:
    by_payee = defaultdict(list)
    for one in fraud["compromised_payee"]:
        by_payee[one.payee].append(one)

    for turned in by_payee.values():
        rest = turned
        while rest:
            last_day = rest[0].time.date() + timedelta(days=2)
            together = [one for one in rest if one.time.date() <= last_day]
            assert len(together) <= 6
            rest = rest[len(together) :]


def test_a_bust_out_is_paid_from_the_owners_own_wallet_to_merchants(
    town: Town, fraud: dict[str, list[SimulatedPayment]]
) -> None:
    people = {person.id: person for person in town.people}

    for incident in by_payer_and_day(fraud["bust_out"]):
        assert all(one.payee.startswith("merchant-") for one in incident)
        assert sum(one.amount for one in incident) <= people[incident[0].payer].funds


def test_people_who_take_large_sums_are_verified_for_them(town: Town) -> None:
    tiers = {(person.role, person.tier) for person in town.people}

    assert tiers == {("resident", "basic"), ("accomplice", "standard"), ("launderer", "standard")}
    assert all(person.funds <= 20_000_00 for person in town.residents)
    assert all(person.funds <= 100_000_00 for person in town.people)


def test_a_town_needs_people() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        Town.of(1, 19)


def test_habits_share_out_a_whole_day(town: Town) -> None:
    for habit in {person.habit.name: person.habit for person in town.people}.values():
        assert sum(habit.hours) == 1_000
        assert sum(habit.weekdays) == 700
