"""What the shipped rules decline, and what they must let pass."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.support.scoring import NOON, scored
from waqiti.contracts.fraud import FraudDecision, Reason, ScoreRequest
from waqiti.foundation.ids import new_id
from waqiti.scoring.history import History, features
from waqiti.scoring.state import MOST
from waqiti.services.fraud.domain.decisions import Opinion, Sight, Thresholds, judge
from waqiti.services.fraud.domain.features import Signal, movement_of
from waqiti.services.fraud.domain.rules import MAX_RULES, combined
from waqiti.services.fraud.domain.signals import Signals
from waqiti.services.fraud.service import shipped_rules

RULES = shipped_rules()
DEFAULTS = Thresholds(decline_at=0.85, review_at=0.70, review=True)
APPROVED, REVIEWED, DECLINED = "approve", "review", "decline"


class Platform:
    """Judges payment after payment over the history that they make."""

    def __init__(self, signals: Sequence[Signal] = ()) -> None:
        self.history = History()
        self.signals = Signals(signals, RULES.thresholds)

    def established(self, typical: int = 2_000) -> UUID:
        """Return a customer who has paid about ``typical`` on every one of 25 days."""
        customer, shop = new_id(), new_id()
        for day in range(25, 0, -1):
            self.history.see(movement_of(scored(customer, shop, typical, at=NOON - timedelta(days=day))))
        return customer

    def judge(self, item: ScoreRequest, said: Opinion | None = None) -> FraudDecision:
        seen = self.history.see(movement_of(item))
        return judge(Sight(item, seen, features(seen)), said, self.signals, RULES, DEFAULTS).decision

    def outcomes(self, items: list[ScoreRequest]) -> list[str]:
        return [self.judge(item).outcome for item in items]


def codes(decision: FraudDecision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_there_are_at_most_twenty_rules_and_every_reason_has_a_sentence() -> None:
    assert len(RULES.rules) <= MAX_RULES
    assert all(rule.detail.endswith(".") for rule in RULES.rules)


def test_rules_that_only_show_in_the_score_never_add_up_to_a_review() -> None:
    weights = [rule.weight for rule in RULES.rules if rule.weight < DEFAULTS.review_at]
    assert combined(weights) < DEFAULTS.review_at


def test_thirty_small_payments_a_second_between_the_same_two_new_wallets_pass() -> None:
    payer, payee = new_id(), new_id()
    items = [scored(payer, payee, 100, at=NOON + timedelta(milliseconds=33 * n)) for n in range(90)]
    decisions = [Platform().judge(item) for item in items]
    assert {(decision.outcome, decision.score) for decision in decisions} == {(APPROVED, 0.0)}


def test_a_new_account_spends_all_it_was_given_at_once_on_new_payees() -> None:
    platform, payer = Platform(), new_id()
    assert platform.judge(scored(new_id(), payer, 490_000)).outcome == APPROVED
    items = [scored(payer, new_id(), 48_000, at=NOON + timedelta(seconds=n)) for n in range(10)]
    assert set(platform.outcomes(items)) == {APPROVED}


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 899_999), st.integers(0, 86_400)), max_size=60
    )
)
def test_new_customers_paying_ordinary_amounts_are_never_scored(rows: list[tuple[int, int, int, int]]) -> None:
    platform, people = Platform(), [new_id() for _ in range(4)]
    for payer, payee, amount, second in rows:
        item = scored(people[payer], people[payee], amount, at=NOON + timedelta(seconds=second))
        assert platform.judge(item).score == 0.0


def test_an_established_payer_may_send_one_large_amount_and_the_score_shows_it() -> None:
    platform = Platform()
    decision = platform.judge(scored(platform.established(), new_id(), 400_000))
    assert (decision.outcome, codes(decision)) == (APPROVED, ["outsized_amount"])
    assert 0 < decision.score < DEFAULTS.review_at


def test_an_account_that_is_drained_to_three_payees_in_a_day_is_stopped_at_the_third() -> None:
    platform = Platform()
    payer = platform.established()
    amounts = [400_000, 1_300_000, 4_000_000]
    assert platform.outcomes([scored(payer, new_id(), amount) for amount in amounts]) == [APPROVED, APPROVED, DECLINED]


def test_an_amount_that_the_payer_has_sent_before_drains_nothing() -> None:
    platform = Platform()
    payer = platform.established()
    first = platform.judge(scored(payer, new_id(), 400_000))
    second = platform.judge(scored(payer, new_id(), 400_000))
    assert codes(first) == ["outsized_amount"]
    assert codes(second) == []


def test_amounts_that_are_too_large_to_be_told_apart_count_as_the_same() -> None:
    platform = Platform()
    payer, shop = platform.established(), new_id()
    assert codes(platform.judge(scored(payer, shop, 10 * MOST))) == ["outsized_amount"]
    assert codes(platform.judge(scored(payer, shop, 100 * MOST))) == []


def test_large_amounts_between_own_wallets_are_nobodys_business() -> None:
    platform = Platform()
    payer = platform.established()
    assert {platform.judge(scored(payer, payer, 10**n)).score for n in range(6, 12)} == {0.0}


def test_an_account_without_history_may_not_pass_on_what_three_victims_just_sent_it() -> None:
    platform, collector = Platform(), new_id()
    for _ in range(3):
        assert platform.judge(scored(platform.established(), collector, 400_000)).outcome == APPROVED
    onward = platform.judge(scored(collector, None, 1_100_000, kind="withdrawal"))
    assert (onward.outcome, codes(onward)) == (DECLINED, ["collected_and_passed_on"])


def test_spending_a_little_of_what_was_collected_passes() -> None:
    platform, collector = Platform(), new_id()
    for _ in range(3):
        platform.judge(scored(platform.established(), collector, 400_000))
    assert platform.judge(scored(collector, new_id(), 5_000)).outcome == APPROVED


def test_four_payments_just_beneath_the_reporting_threshold_to_four_payees_are_structuring() -> None:
    platform, payer = Platform(), new_id()
    items = [scored(payer, new_id(), 990_000, at=NOON + timedelta(hours=n)) for n in range(4)]
    assert platform.outcomes(items) == [APPROVED] * 2 + [REVIEWED, DECLINED]
    assert codes(platform.judge(scored(payer, new_id(), 990_000))) == ["structuring"]


def test_the_third_of_them_is_for_a_person_to_look_at() -> None:
    platform, payer = Platform(), new_id()
    for _ in range(2):
        platform.judge(scored(payer, new_id(), 990_000))
    third = platform.judge(scored(payer, new_id(), 990_000))
    assert (third.outcome, codes(third)) == (REVIEWED, ["structuring_suspected"])


def test_the_same_payee_or_another_currency_or_other_days_are_no_structuring() -> None:
    payer, payee = new_id(), new_id()
    for items in (
        [scored(payer, payee, 990_000) for _ in range(10)],
        [scored(payer, new_id(), 9_900, currency="JPY") for _ in range(10)],
        [scored(payer, new_id(), 990_000, at=NOON + timedelta(hours=13 * n)) for n in range(10)],
        [scored(payer, new_id(), 1_000_000) for _ in range(10)],
    ):
        assert set(Platform().outcomes(items)) == {APPROVED}


def test_a_payee_whom_several_were_kept_from_paying_is_suspect() -> None:
    suspect = new_id()
    signals = [
        Signal(payment_id=new_id(), kind="declined", payer=new_id(), payee=suspect, amount=1, currency="EUR", at=NOON)
        for _ in range(3)
    ]
    platform = Platform(signals)
    assert codes(platform.judge(scored(new_id(), suspect, 500, at=NOON + timedelta(days=29)))) == ["suspect_payee"]
    assert platform.judge(scored(new_id(), suspect, 500, at=NOON + timedelta(days=31))).outcome == APPROVED


def test_a_payer_who_was_declined_does_not_make_the_payee_suspect_alone() -> None:
    platform, payer, payee = Platform(), new_id(), new_id()
    for _ in range(6):
        platform.judge(scored(payer, new_id(), 990_000))
    for _ in range(3):
        assert platform.judge(scored(payer, payee, 990_000)).outcome == DECLINED
    assert platform.judge(scored(new_id(), payee, 500)).outcome == APPROVED


def test_the_higher_score_of_rules_and_model_decides_and_both_give_reasons() -> None:
    platform = Platform()
    payer = platform.established()
    said = Opinion("v1", 0.75, (Reason("payees_new", "The payer pays those whom it had not paid before."),))
    decision = platform.judge(scored(payer, new_id(), 400_000), said)
    assert (decision.score, decision.outcome, decision.model_version) == (0.75, "review", "v1")
    assert codes(decision) == ["outsized_amount", "payees_new"]
    drained = [platform.judge(scored(payer, new_id(), amount), Opinion("v1", 0.2)) for amount in (1_300_000, 4_000_000)]
    assert [(row.outcome, row.model_version) for row in drained] == [(APPROVED, "v1"), (DECLINED, "v1")]
    assert drained[1].score > 0.85


def test_a_score_without_a_reason_names_the_threshold_that_it_reaches() -> None:
    decision = Platform().judge(scored(new_id(), new_id(), 500), Opinion("v1", 0.70))
    assert (decision.outcome, codes(decision)) == ("review", ["score_at_threshold"])
    assert codes(Platform().judge(scored(new_id(), new_id(), 500), Opinion("v1", 0.69))) == []


def test_whom_the_model_suspects_is_not_suspect_to_the_rules() -> None:
    platform, payee = Platform(), new_id()
    for _ in range(5):
        assert platform.judge(scored(new_id(), payee, 500), Opinion("v1", 0.99)).outcome == DECLINED
    assert platform.judge(scored(new_id(), payee, 500), Opinion("v1", 0.01)).outcome == APPROVED
