"""Rules files, expressions, thresholds."""

import msgspec
import pytest

from waqiti.foundation.settings import SettingsError, load
from waqiti.services.fraud.domain.decisions import Thresholds
from waqiti.services.fraud.domain.expressions import Conditions, ExpressionError
from waqiti.services.fraud.domain.features import Features
from waqiti.services.fraud.domain.rules import RulesError, RuleSet
from waqiti.services.fraud.service import FraudSettings


def rules_file(*rules: str, thresholds: str = "EUR = 10_000") -> str:
    tables = "".join(f'[[rules]]\n{rule}\ndetail = "A sentence."\n' for rule in rules)
    return f"[reporting_thresholds]\n{thresholds}\n{tables}"


def rule(code: str, weight: float, when: str) -> str:
    return f"code = \"{code}\"\nweight = {weight}\nwhen = '{when}'"


def test_the_score_combines_the_weights_of_all_rules_that_match() -> None:
    rules = RuleSet.read(
        rules_file(rule("one", 0.5, "amount > 5"), rule("two", 0.4, "true"), rule("never", 0.9, "outsized"))
    )
    hits = rules.evaluate(Features(kind="payment", amount=6, payer_days=0))
    assert hits.score == pytest.approx(1 - 0.5 * 0.6)
    assert [reason.code for reason in hits.reasons] == ["one", "two"]


@pytest.mark.parametrize(("given", "value"), [("outsized", True), ("outsized_payees", 1)])
def test_a_rule_holds_only_where_what_it_needs_is_given(given: str, value: bool | int) -> None:
    needing = rule("needing", 0.5, "amount > 5") + f'\ngiven = "{given}"'
    other = rule("other", 0.4, "true") + '\ngiven = "near_threshold"'
    rules = RuleSet.read(rules_file(needing, other))
    without = Features(kind="payment", amount=6, payer_days=0)
    assert rules.evaluate(without).score == 0.0
    assert [hit.code for hit in rules.evaluate(msgspec.structs.replace(without, **{given: value})).matched] == [
        "needing"
    ]
    near = msgspec.structs.replace(without, near_threshold=True)
    assert [hit.code for hit in rules.evaluate(near).matched] == ["other"]


def test_a_rule_without_anything_given_is_always_looked_at() -> None:
    needing = rule("needing", 0.5, "true") + '\ngiven = "outsized"'
    rules = RuleSet.read(rules_file(needing, rule("always", 0.4, "true")))
    hits = rules.evaluate(Features(kind="payment", amount=6, payer_days=0))
    assert [hit.code for hit in hits.matched] == ["always"]


def test_a_rule_that_cannot_be_evaluated_fails_alone() -> None:
    rules = RuleSet.read(rules_file(rule("broken", 0.9, "amount / payer_days > 1"), rule("good", 0.5, "amount == 6")))
    hits = rules.evaluate(Features(kind="payment", amount=6, payer_days=0))
    assert ([rule.code for rule in hits.matched], [rule.code for rule in hits.failed]) == (["good"], ["broken"])


@pytest.mark.parametrize("when", ["amount >", "unknown > 1", 'amount > "x"', "amount + 1", "true ||" * 2_000 + " true"])
def test_a_condition_that_does_not_compile_is_refused_when_it_is_read(when: str) -> None:
    with pytest.raises(ExpressionError):
        Conditions([when], {"amount": int})


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        rules_file(),
        rules_file(rule("same", 0.5, "true"), rule("same", 0.5, "true")),
        rules_file(rule("too_heavy", 1.5, "true")),
        rules_file(rule("no_weight", 0.0, "true")),
        rules_file(rule("Bad Code", 0.5, "true")),
        rules_file(rule("fine", 0.5, "true"), thresholds="XYZ = 1"),
        rules_file(rule("no_flag", 0.5, "true") + '\ngiven = "kind"'),
        rules_file(rule("unknown", 0.5, "true") + '\ngiven = "nothing"'),
        rules_file(*(rule(f"rule_{'a' * n}", 0.5, "true") for n in range(1, 22))),
    ],
)
def test_a_rules_file_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(RulesError):
        RuleSet.read(text)


@pytest.mark.parametrize(
    ("score", "review_at", "decline_at", "review", "outcome"),
    [
        (0.69, 0.70, 0.85, True, "approve"),
        (0.70, 0.70, 0.85, True, "review"),
        (0.84, 0.70, 0.85, True, "review"),
        (0.84, 0.70, 0.85, False, "approve"),
        (0.85, 0.70, 0.85, True, "decline"),
        (0.85, 0.70, 0.85, False, "decline"),
        (0.80, 0.90, 0.85, True, "approve"),
        (0.85, 0.85, 0.85, True, "decline"),
        (0.00, 0.00, 0.00, True, "decline"),
        (1.00, 1.00, 1.00, True, "decline"),
    ],
)
def test_thresholds_decide_as_written(
    score: float, review_at: float, decline_at: float, review: bool, outcome: str
) -> None:
    assert Thresholds(decline_at, review_at, review).outcome(score) == outcome


@pytest.mark.parametrize("text", ["1.01", "-0.1", "nan", "high", ""])
@pytest.mark.parametrize("variable", ["FRAUD_THRESHOLD", "MANUAL_REVIEW_THRESHOLD"])
def test_a_threshold_outside_zero_to_one_is_refused_at_start(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        load(FraudSettings, {variable: text})


def test_a_review_threshold_above_the_decline_threshold_is_accepted() -> None:
    settings = load(FraudSettings, {"FRAUD_THRESHOLD": "0.5", "MANUAL_REVIEW_THRESHOLD": "0.9"})
    assert (settings.fraud_threshold, settings.manual_review_threshold, settings.manual_review_mode) == (0.5, 0.9, True)
