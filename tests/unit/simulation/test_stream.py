"""Days of the town: the same seed gives the same stream, in order, with little fraud that is known late."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice, pairwise

import msgspec
import pytest

from waqiti.simulation import FIRST_DAY, SimulatedPayment, Town, payments, write_csv

DAYS = 20
BASIC_PER_PAYMENT = 5_000_00
BASIC_PER_DAY = 10_000_00
COUNTS = {
    None: 18_400,
    "structuring": 30,
    "account_takeover": 24,
    "mule_chain": 30,
    "compromised_payee": 30,
    "bust_out": 25,
    "own_payment_disputed": 5,
}


@pytest.fixture(scope="module")
def town() -> Town:
    return Town.of(7, 300)


@pytest.fixture(scope="module")
def stream(town: Town) -> list[SimulatedPayment]:
    return list(payments(town, DAYS))


def test_a_seed_gives_the_same_bytes_everywhere(town: Town, stream: list[SimulatedPayment]) -> None:
    digest = hashlib.sha256(msgspec.json.encode(town))
    for one in stream:
        digest.update(msgspec.json.encode(one))

    assert digest.hexdigest() == "d56a6b60db7c08d7b9e2c35cbcfc613a02ab9539cedef29161b0c6178711265a"


def test_another_seed_gives_another_town(town: Town) -> None:
    assert Town.of(8, 300) != town
    assert Town.of(7, 300) == town


def test_payments_come_in_the_order_of_time_and_of_their_ids(stream: list[SimulatedPayment]) -> None:
    assert all(one.time <= other.time and one.id < other.id for one, other in pairwise(stream))
    assert stream[0].time.date() == FIRST_DAY
    assert stream[-1].time.date() == FIRST_DAY + timedelta(days=DAYS - 1)


def test_a_longer_stream_begins_as_a_shorter_one_does(town: Town, stream: list[SimulatedPayment]) -> None:
    assert list(islice(payments(town, 400), 1_000)) == stream[:1_000]


def test_the_stream_is_generated_as_it_is_read(town: Town) -> None:
    endless = payments(town, 1_000_000_000, date(2025, 1, 1))

    assert isinstance(endless, Iterator)
    assert next(endless).time.date() == date(2025, 1, 1)


def test_every_scenario_occurs_in_known_numbers(stream: list[SimulatedPayment]) -> None:
    assert Counter(one.scenario for one in stream) == COUNTS


@pytest.mark.parametrize(("residents", "days"), [(60, 60), (700, 3), (3_000, 1)])
def test_half_to_one_per_cent_of_payments_are_fraud(residents: int, days: int) -> None:
    found = list(payments(Town.of(3, residents), days))

    assert 0.005 <= sum(one.label for one in found) / len(found) <= 0.01


def test_a_label_says_whether_there_is_a_scenario_and_comes_late(stream: list[SimulatedPayment]) -> None:
    for one in stream:
        assert one.label == (one.scenario is not None)
        assert one.label_at >= one.time + timedelta(hours=4)
    delays = {one.label_at - one.time for one in stream if one.label}
    assert max(delays) > timedelta(days=30)
    assert len(delays) > 20
    assert {one.label_at - one.time for one in stream if not one.label} == {timedelta(days=7)}


def test_what_honest_people_pay_is_within_the_limits_of_a_new_customer(stream: list[SimulatedPayment]) -> None:
    a_day: Counter[tuple[str, date]] = Counter()
    for one in stream:
        if one.label == 0:
            assert 1 <= one.amount <= BASIC_PER_PAYMENT
            a_day[one.payer, one.time.date()] += one.amount

    assert max(a_day.values()) <= BASIC_PER_DAY


def test_nobody_pays_themselves_and_everybody_is_of_the_town(town: Town, stream: list[SimulatedPayment]) -> None:
    people = {person.id for person in town.people}
    merchants = {merchant.id for merchant in town.merchants}

    for one in stream:
        assert one.payer != one.payee
        assert one.payer in people
        assert one.payee in people | merchants
        assert one.currency == "EUR"


def test_a_csv_file_has_a_line_per_payment(stream: list[SimulatedPayment]) -> None:
    file = io.StringIO(newline="")

    assert write_csv(file, stream[:2]) == 2
    assert file.getvalue() == (
        "id,time,payer,payee,amount,label\n"
        "20250305-000001,2025-03-05T00:16:56.291000Z,person-000077,merchant-00024,3616,0\n"
        "20250305-000002,2025-03-05T00:17:20.887000Z,person-000014,merchant-00021,2048,0\n"
    )
