"""Features see what was before a movement, and are the same online, in batches, as over a file."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.scoring import NAMES, CustomerKey, CustomerState, History, Movement, PairKey, PairState
from waqiti.scoring.folding import folded, known_as_fraud
from waqiti.scoring.state import HOUR, Addition
from waqiti.scoring.view import View
from waqiti.simulation import Town, payments

BEGIN = datetime(2025, 3, 5, 12, tzinfo=UTC)


def movement(
    amount: int = 10_00,
    *,
    payer: str = "amina",
    payee: str | None = "bakery",
    after: timedelta = timedelta(0),
    kind: str = "payment",
) -> Movement:
    assert kind in ("payment", "exchange")
    return Movement(
        id=f"{payer}-{after}",
        kind="exchange" if kind == "exchange" else "payment" if payee is not None else "withdrawal",
        payer=payer,
        payee=payee,
        amount=amount,
        currency="EUR",
        at=BEGIN + after,
    )


def seen(history: History, one: Movement) -> dict[str, float]:
    return dict(zip(NAMES, history.features(one), strict=True))


@pytest.fixture(scope="module")
def town() -> list[Movement]:
    return [
        Movement(id=one.id, payer=one.payer, payee=one.payee, amount=one.amount, currency="EUR", at=one.time)
        for one in payments(Town.of(5, 40), 40)
    ]


class Store:
    """What a service does: it reads the states of a batch's parties, and writes those that the batch changed."""

    def __init__(self) -> None:
        self.customers: dict[CustomerKey, CustomerState] = {}
        self.pairs: dict[PairKey, PairState] = {}

    def score(self, batch: Sequence[Movement], frauds: Sequence[Movement] = ()) -> list[list[float]]:
        keys = {(one.payer, "EUR") for one in (*batch, *frauds)} | {(one.payee, "EUR") for one in (*batch, *frauds)}
        pairs = {(one.payer, one.payee, "EUR") for one in batch}
        history = History(
            {key: state for key, state in self.customers.items() if key in keys},
            {key: state for key, state in self.pairs.items() if key in pairs},
        )
        for one in frauds:
            history.known_as_fraud(one)
        rows = [history.features(one) for one in batch]
        self.customers.update(history.changed_customers)
        self.pairs.update(history.changed_pairs)
        return rows


@pytest.mark.parametrize("seed", range(4))
def test_online_in_batches_of_any_size_features_are_those_of_a_file_row_for_row(
    town: list[Movement], seed: int
) -> None:
    offline = History()
    store, chance = Store(), Random(seed)
    start = 0
    while start < len(town):
        size = chance.choice((1, 2, 7, 50, 500))
        batch = town[start : start + size]
        frauds = chance.sample(town[:start], min(start, 2))
        for one in frauds:
            offline.known_as_fraud(one)
        assert store.score(batch, frauds) == [offline.features(one) for one in batch]
        start += size


AMOUNTS = st.integers(1, 10**15)
SECONDS = st.integers(0, 90 * 86_400).map(lambda second: timedelta(seconds=second))
ADDITIONS = st.lists(
    st.builds(
        lambda amount, after, fraud: (
            (
                known_as_fraud(movement(amount, after=after))
                if fraud
                else folded(View.of(movement(amount, after=after), None, None, None))
            ).payer
        ),
        AMOUNTS,
        SECONDS,
        st.booleans(),
    ),
    min_size=2,
    max_size=8,
)


def state_of(additions: Sequence[Addition]) -> CustomerState:
    return reduce(CustomerState.plus, additions[1:], additions[0].alone())


@given(ADDITIONS, st.randoms(use_true_random=False))
def test_additions_add_up_to_the_same_in_any_order(additions: list[Addition], chance: Random) -> None:
    whole = state_of(additions)
    chance.shuffle(additions)

    assert state_of(additions) == whole


@given(ADDITIONS)
def test_a_window_counts_in_each_bucket_what_happened_in_it(additions: list[Addition]) -> None:
    hours = state_of(additions).hours

    newest = max(one.second // HOUR for one in additions)
    assert hours.number == newest
    for bucket, number in zip(hours.buckets, (newest, newest - 1), strict=True):
        within = [one.tally for one in additions if one.second // HOUR == number]
        assert (bucket.sent, bucket.sent_total) == (sum(t.sent for t in within), sum(t.sent_total for t in within))


@given(st.lists(AMOUNTS, min_size=1, max_size=5))
def test_every_integer_of_a_state_has_room_in_64_bits_for_a_million_more(amounts: list[int]) -> None:
    history = History()
    for amount in amounts:
        history.features(movement(amount))

    month = history.changed_customers["amina", "EUR"].months.buckets[0]
    assert max(month.sent_total, month.sent_squares, month.days) * 1_000_000 < 2**63 * len(amounts)


def test_a_movement_is_not_among_what_it_sees() -> None:
    first = seen(History(), movement())

    assert first["payer_sent_in_month"] == first["sent_in_hour"] == first["pair_payments"] == 0


def test_those_before_it_in_its_batch_are() -> None:
    history = History()
    history.features(movement(after=timedelta(0)))

    second = seen(history, movement(after=timedelta(seconds=1)))

    assert second["sent_in_hour"] == second["pair_payments"] == second["new_payees_in_day"] == 1


@pytest.mark.parametrize(
    ("name", "kept", "gone"),
    [
        ("sent_in_hour", timedelta(hours=1), timedelta(hours=2)),
        ("sent_in_day", timedelta(days=1), timedelta(days=2)),
        ("payer_sent_in_month", timedelta(days=30), timedelta(days=60)),
    ],
)
def test_a_window_covers_one_to_two_of_its_lengths(name: str, kept: timedelta, gone: timedelta) -> None:
    history = History()
    history.features(movement())

    assert seen(history, movement(payer="bakery", payee="mill"))[name] == 0
    assert seen(History(history.changed_customers), movement(after=kept))[name] == 1
    assert seen(History(history.changed_customers), movement(after=gone))[name] == 0


def test_what_stays_with_its_owner_counts_in_no_history() -> None:
    history = History()

    history.features(movement(payee="amina"))
    history.features(movement(payee="amina", kind="exchange"))

    assert not history.changed_customers
    assert not history.changed_pairs


def test_a_withdrawal_is_sent_to_nobody() -> None:
    history = History()

    history.features(movement(payee=None))

    assert set(history.changed_customers) == {("amina", "EUR")}
    assert not history.changed_pairs


def test_a_fraud_that_becomes_known_counts_in_the_week_in_which_it_was_made() -> None:
    history = History()
    fraud = movement()
    history.features(fraud)
    history.features(movement(after=timedelta(hours=1)))
    history.known_as_fraud(fraud)

    later = seen(history, movement(payer="bilal", after=timedelta(days=7)))

    assert later["payee_frauds"] == 1
    assert later["payee_fraud_share"] == later["payee_fraud_share_week_1"] == 0.5
    assert later["payer_frauds"] == later["payee_fraud_share_week_2"] == 0


def test_a_late_movement_sees_and_joins_what_is_there() -> None:
    history = History()
    history.features(movement(after=timedelta(hours=5)))

    late = seen(history, movement(after=timedelta(hours=4)))

    assert late["sent_in_hour"] == 1
    assert history.changed_customers["amina", "EUR"].hours.buckets[1].sent == 1


def test_money_that_came_in_and_goes_on_is_seen() -> None:
    history = History()
    history.features(movement(1_000_00, payee="mule"))

    passed = seen(history, movement(900_00, payer="mule", payee="other", after=timedelta(minutes=5)))

    assert passed["passed_on_in_hour"] == passed["passed_on_in_day"] == 0.9


def test_somebody_new_is_not_far_from_what_is_usual() -> None:
    history = History()
    for number in range(50):
        history.features(movement(1, after=timedelta(seconds=number)))

    large = seen(history, movement(10**9, after=timedelta(seconds=60)))

    names = (
        "amount_to_typical",
        "amount_deviations",
        "amount_to_largest",
        "spent_in_day_to_usual",
        "payee_day_to_usual",
    )
    assert [large[name] for name in names] == [0.0] * len(names)
