"""Stories of innocent people that no model may refuse or send to review.

Velocity, a new payee, a new account, an ordinary amount, the spending of a fresh deposit: alone or together they are no
fraud. Stories with some seeds are learnt from, as not fraud; the gate tells others, and every model must pass it before
it decides about anybody. They are pure: the same seed tells the same stories.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Final

import msgspec
import numpy as np

from waqiti.contracts.switches import DEFAULT_REVIEW_THRESHOLD
from waqiti.scoring.history import History
from waqiti.scoring.movement import Movement, MovementKind
from waqiti.scoring.predictor import Predictor
from waqiti.scoring.training.table import Float32s

GATE_SEED: Final = 1
LEARNT_SEEDS: Final = (2, 3, 4, 5, 6)
_BEGIN: Final = datetime(2025, 1, 1, tzinfo=UTC)
_CURRENCY: Final = "EUR"
_RENT_DAY: Final = 7
_TOLD: Final = 24
"""How often each story is told under one seed, with other people, amounts and times."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Of the gate: how many movements were scored, the highest score, and the stories in which one reached review."""

    movements: int
    highest: float
    accused: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Tell whether nobody was accused."""
        return not self.accused


class Story:
    """Movements in the order of time; those not told as somebody's past must pass."""

    def __init__(self, chance: Random, *, is_learnt_from: bool) -> None:
        self.chance = chance
        self.is_learnt_from = is_learnt_from
        self.now = _BEGIN + timedelta(seconds=chance.randrange(20 * 86_400))
        self.movements: list[Movement] = []
        self.must_pass: list[bool] = []

    def pay(self, payer: str, payee: str | None, amount: int, *, after: float = 1.0, must_pass: bool = True) -> None:
        """Pay ``after`` seconds; nobody as payee is a withdrawal."""
        self.now += timedelta(seconds=after)
        self.must_pass.append(must_pass)
        kind: MovementKind = "withdrawal" if payee is None else "payment"
        self.movements.append(
            Movement(
                id=str(len(self.movements)),
                kind=kind,
                payer=payer,
                payee=payee,
                amount=max(1, amount),
                currency=_CURRENCY,
                at=self.now,
            )
        )

    def size(self, low: int, high: int) -> int:
        """Draw an amount so that each power of ten between is as likely."""
        return int(low * (high / low) ** self.chance.random())

    def live(self, payer: str, typical: int, days: int) -> None:
        """Give ``payer`` a past: payments to five shops and a rent, for so many days."""
        for day in range(days):
            for _ in range(self.chance.randrange(1, 5)):
                shop, amount = f"shop {self.chance.randrange(5)}", self.size(typical // 3, typical * 3)
                self.pay(payer, shop, amount, after=4_000, must_pass=False)
            if day % 30 == _RENT_DAY:
                self.pay(payer, "landlord", typical * 25, after=600, must_pass=False)
            self.now += timedelta(seconds=self.chance.randrange(60_000, 90_000))

    def trade(self, shop: str, typical: int, days: int) -> None:
        """Give ``shop`` a past: customers for so many days."""
        for _ in range(days * 3):
            customer, amount = f"customer {self.chance.randrange(30)}", self.size(typical // 3, typical * 3)
            self.pay(customer, shop, amount, after=28_000, must_pass=False)


def _burst_between_new_wallets(story: Story) -> None:
    amount = story.size(1, 50_00)
    for _ in range(150):
        story.pay("new", "also new", amount, after=1 / 30)


def _burst_to_many(story: Story) -> None:
    for number in range(90):
        story.pay("new", f"payee {number % 40}", story.size(1, 200_00), after=1 / 30)


def _burst_then_the_rest(story: Story) -> None:
    amount = story.size(1, 5_00)
    for _ in range(story.chance.randrange(5, 60)):
        story.pay("new", "also new", amount, after=story.size(1, 900))
    story.pay("new", "also new", story.size(10_00, 10_000_00))
    story.pay("new", "another", story.size(10_00, 10_000_00))
    story.pay("also new", "new", amount)


def _first_payments(story: Story) -> None:
    for _ in range(story.chance.randrange(1, 12)):
        story.pay("new", f"payee {story.chance.randrange(4)}", story.size(1, 100_000_00), after=story.size(1, 20_000))


def _first_payments_to_a_known_shop(story: Story) -> None:
    typical = story.size(3_00, 200_00)
    story.trade("shop", typical, story.chance.randrange(10, 50))
    for number in range(12):
        story.pay(f"new {number % 4}", "shop", story.size(typical // 3, typical * 3), after=story.size(1, 9_000))


def _fresh_deposit_at_once(story: Story) -> None:
    for number in range(20):
        story.pay(f"new {number}", "payee", story.size(1, 10_000_000_00), after=story.size(1, 3_600))


def _fresh_deposit_in_parts(story: Story) -> None:
    parts = story.chance.randrange(2, 12)
    amount = story.size(100, 20_000_00)
    for number in range(parts):
        story.pay("new", f"payee {number}", amount, after=story.size(1, 600))


def _fresh_deposit_withdrawn(story: Story) -> None:
    for number in range(6):
        story.pay(f"new {number}", None, story.size(1, 100_000_00), after=story.size(1, 600))
        story.pay(f"new {number}", None, story.size(1, 1_000_00), after=story.size(1, 600))


def _received_and_spent(story: Story) -> None:
    for number in range(12):
        amount = story.size(1, 5_000_00)
        story.pay(f"new {number}", f"new {number + 1}", amount, after=story.size(1, 600))
        story.pay(f"new {number + 1}", f"payee {number}", amount // story.chance.randrange(1, 4), after=2)


def _a_few_days_old(story: Story) -> None:
    for _ in range(story.chance.randrange(4, 30)):
        amount = story.size(1, 5_000_00)
        story.pay("new", f"payee {story.chance.randrange(8)}", amount, after=story.size(600, 90_000))


def _known_payer_new_payees(story: Story) -> None:
    typical = story.size(5_00, 100_00)
    story.live("known", typical, story.chance.randrange(10, 70))
    for number in range(20):
        story.pay("known", f"new {number}", story.size(typical // 3, typical * 3), after=story.size(1, 40_000))


def _known_payer_in_a_hurry(story: Story) -> None:
    typical = story.size(5_00, 100_00)
    story.live("known", typical, story.chance.randrange(10, 70))
    for _ in range(60):
        story.pay("known", "new", story.size(1, typical), after=1 / 30)


def _known_payer_own_amounts(story: Story) -> None:
    typical = story.size(5_00, 100_00)
    story.live("known", typical, story.chance.randrange(10, 70))
    for _ in range(20):
        payee = f"shop {story.chance.randrange(5)}"
        story.pay("known", payee, story.size(typical // 5, typical * 6), after=story.size(1, 20_000))
    story.pay("known", "landlord", typical * 25, after=60)
    story.pay("known", None, typical * 3, after=60)


def _known_payer_buys_from_somebody(story: Story) -> None:
    typical = story.size(5_00, 100_00)
    for number in range(5):
        story.live("known", typical, story.chance.randrange(10, 30))
        hour = story.chance.randrange(7, 22)
        story.now = story.now.replace(hour=0) + timedelta(days=1, hours=hour)
        story.pay("known", f"new {number}", story.size(typical, typical * 10))


def _known_payer_spends_a_deposit(story: Story) -> None:
    typical = story.size(5_00, 100_00)
    for part in range(1, 6):
        story.live("known", typical, story.chance.randrange(6, 30))
        story.now = story.now.replace(hour=0) + timedelta(days=1, hours=story.chance.randrange(7, 22))
        shop, amount = f"shop {story.chance.randrange(5)}", story.size(typical * 3, typical * 25) // part
        for _ in range(part):
            story.pay("known", shop, amount, after=story.size(30, 3_600))


def _friends_pay_each_other(story: Story) -> None:
    # What is ordinary among friends differs by country: more is learnt than every model must let pass.
    usual = story.size(1_00, 100_00 if story.is_learnt_from else 20_00)
    pause = story.size(600, 20_000)
    for _ in range(200):
        payer, payee = story.chance.sample(range(12), 2)
        amount = story.size(usual // 10, usual * 10)
        story.pay(f"friend {payer}", f"friend {payee}", amount, after=story.chance.randrange(2 * pause))


def _machines_pay_all_day(story: Story) -> None:
    usual = story.size(1, 20_00)
    for _ in range(200):
        story.pay("meter", "grid", story.size(usual, usual * 20), after=story.chance.randrange(1_000, 6_000))
    for number in range(4):
        story.pay("meter", f"payee {number % 3}", story.size(usual, usual * 60), after=story.size(1, 60))


def _shop_opens(story: Story) -> None:
    typical = story.size(2_00, 100_00)
    for number in range(60):
        story.pay(f"new {number}", "opening", story.size(typical // 3, typical * 3), after=story.size(1, 60))


_STORIES: Final[tuple[Callable[[Story], None], ...]] = (
    _burst_between_new_wallets,
    _burst_to_many,
    _burst_then_the_rest,
    _first_payments,
    _first_payments_to_a_known_shop,
    _fresh_deposit_at_once,
    _fresh_deposit_in_parts,
    _fresh_deposit_withdrawn,
    _received_and_spent,
    _a_few_days_old,
    _known_payer_new_payees,
    _known_payer_in_a_hurry,
    _known_payer_own_amounts,
    _known_payer_buys_from_somebody,
    _known_payer_spends_a_deposit,
    _friends_pay_each_other,
    _machines_pay_all_day,
    _shop_opens,
)


def stories(seed: int, times: int = _TOLD) -> Iterator[tuple[str, Story]]:
    """Yield name and movements of every story, each told ``times`` times."""
    for tell in _STORIES:
        name = tell.__name__.strip("_").replace("_", " ")
        for number in range(times):
            chance = Random(f"innocence/{seed}/{name}/{number}")
            story = Story(chance, is_learnt_from=seed in LEARNT_SEEDS)
            tell(story)
            yield name, story


@cache
def told(seed: int) -> tuple[tuple[str, Float32s], ...]:
    """Return name and features of the movements that must pass, story by story."""
    return tuple((name, _rows(story)) for name, story in stories(seed))


def innocent_rows(seed: int) -> Float32s:
    """Return the features of all movements that must pass (movements x features)."""
    return np.concatenate([rows for _, rows in told(seed)])


def judge(predictor: Predictor, seed: int = GATE_SEED) -> Verdict:
    """Tell every story to a model."""
    highest, accused, movements = 0.0, [], 0
    for name, rows in told(seed):
        worst = max(predictor.score(rows))
        movements += len(rows)
        highest = max(highest, worst)
        if worst >= DEFAULT_REVIEW_THRESHOLD and name not in accused:
            accused.append(name)
    return Verdict(movements=movements, highest=highest, accused=tuple(accused))


def _rows(story: Story) -> Float32s:
    history = History()
    rows = [history.features(movement) for movement in story.movements]
    chosen: Float32s = np.asarray(rows, dtype=np.float32)[np.asarray(story.must_pass)]
    return chosen
