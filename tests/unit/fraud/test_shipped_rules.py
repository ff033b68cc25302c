"""What the shipped rules decline, and what they must let pass."""

from datetime import timedelta
from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.support.scoring import NOON, scored
from waqiti.contracts.fraud import FraudDecision, ScoreRequest
from waqiti.foundation.ids import new_id
from waqiti.services.fraud.domain.decisions import Thresholds, judge
from waqiti.services.fraud.domain.features import PayerHistory, Profile, Signal, period_of
from waqiti.services.fraud.domain.history import History, PayerKey
from waqiti.services.fraud.domain.rules import MAX_RULES, combined
from waqiti.services.fraud.service import shipped_rules

RULES = shipped_rules()
DEFAULTS = Thresholds(decline_at=0.85, review_at=0.70, review=True)
APPROVED, DECLINED = "approve", "decline"


class Platform:
    """Judges payment after payment over the history that they make."""

    def __init__(self) -> None:
        self.profiles: dict[PayerKey, PayerHistory] = {}
        self.history = History(self.profiles, [], RULES.thresholds)

    def established(self, typical: int = 2_000) -> UUID:
        """Return a customer who has paid about ``typical`` on every one of 25 days."""
        customer = new_id()
        period = period_of(NOON.date())
        log_total = Profile.of(typical, NOON.date()).log_total * 25
        day = (NOON - timedelta(days=1)).date()
        profile = Profile(payments=25, days=25, log_total=log_total, largest=typical * 2, last_day=day)
        self.profiles[customer, "EUR"] = PayerHistory(period=period, present=profile, earlier=Profile())
        return customer

    def judge(self, item: ScoreRequest) -> FraudDecision:
        return judge(item, self.history, RULES, DEFAULTS).decision

    def outcomes(self, items: list[ScoreRequest]) -> list[str]:
        return [self.judge(item).outcome for item in items]


def codes(decision: FraudDecision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_there_are_at_most_twenty_rules_and_every_reason_has_a_sentence() -> None:
    assert len(RULES.rules) <= MAX_RULES
    assert all(rule.detail.endswith(".") for rule in RULES.rules)


def test_no_combination_of_shipped_rules_gives_a_score_between_review_and_decline() -> None:
    weights = [rule.weight for rule in RULES.rules]
    for count in range(len(weights) + 1):
        for chosen in combinations(weights, count):
            assert not DEFAULTS.review_at <= combined(chosen) < DEFAULTS.decline_at


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
    assert platform.outcomes(items) == [APPROVED] * 3 + [DECLINED]
    assert codes(platform.judge(scored(payer, new_id(), 990_000))) == ["structuring"]


def test_the_same_payee_or_another_currency_or_other_days_are_no_structuring() -> None:
    payer, payee = new_id(), new_id()
    for items in (
        [scored(payer, payee, 990_000) for _ in range(10)],
        [scored(payer, new_id(), 9_900, currency="JPY") for _ in range(10)],
        [scored(payer, new_id(), 990_000, at=NOON + timedelta(hours=9 * n)) for n in range(10)],
        [scored(payer, new_id(), 1_000_000) for _ in range(10)],
    ):
        assert set(Platform().outcomes(items)) == {APPROVED}


def test_a_payee_whom_several_were_kept_from_paying_is_suspect() -> None:
    suspect, platform = new_id(), Platform()
    signals = [
        Signal(payment_id=new_id(), kind="declined", payer=new_id(), payee=suspect, amount=1, currency="EUR", at=NOON)
        for _ in range(3)
    ]
    platform.history = History({}, signals, RULES.thresholds)
    assert codes(platform.judge(scored(new_id(), suspect, 500, at=NOON + timedelta(days=29)))) == ["suspect_payee"]
    assert platform.judge(scored(new_id(), suspect, 500, at=NOON + timedelta(days=31))).outcome == APPROVED


def test_a_payer_who_was_declined_does_not_make_the_payee_suspect_alone() -> None:
    platform, payer, payee = Platform(), new_id(), new_id()
    for _ in range(6):
        platform.judge(scored(payer, new_id(), 990_000))
    for _ in range(3):
        assert platform.judge(scored(payer, payee, 990_000)).outcome == DECLINED
    assert platform.judge(scored(new_id(), payee, 500)).outcome == APPROVED
