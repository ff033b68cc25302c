"""The features: each is declared once, with what it means and how it follows from the states before a movement.

Where nothing usual is known a feature that compares takes the value of the ordinary case, so that being new is not, by
itself, being far from what is usual. How much is sent and when it came are in the windows of ``state``: "an hour" is
the present hour and the one before, and so with days, weeks and periods of 30 days.
"""

import hashlib
import math
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from waqiti.scoring.state import DAY, LOG_SCALE
from waqiti.scoring.view import ENOUGH, View

FeatureType = Literal["count", "number"]
Unit = Literal["ln(minor unit)", "ln(ratio)", "ratio", "deviations", "payments", "customers", "days", "hours"]
WindowName = Literal["none", "hour", "day", "weeks", "month", "ever"]
ReasonCode = Literal[
    "amount_unusual", "amount_unusual_for_payee", "spending_unusual", "payees_new", "payee_collects", "time_unusual",
    "money_passed_on", "history_unusual", "fraud_known",
]  # fmt: skip

REASONS: Final[dict[ReasonCode, str]] = {
    "amount_unusual": "The amount is unusual for this payer.",
    "amount_unusual_for_payee": "The amount is unusual for this payee.",
    "spending_unusual": "Together with what went before, this is far more than the payer usually spends.",
    "payees_new": "The payer pays those whom it had not paid before.",
    "payee_collects": "The payee receives unusually much, or from many who had not paid it before.",
    "time_unusual": "The payer does not usually pay at this time.",
    "money_passed_on": "Money that has just come in is passed on.",
    "history_unusual": "The payer's or the payee's history is unlike that of others.",
    "fraud_known": "Payments of the payer or to the payee became known as fraud.",
}
"""What is said of a group of features that raised a score; stable codes."""


class Feature(msgspec.Struct, frozen=True):
    """One feature: ``compute`` sees nothing but what was known before the movement."""

    name: str
    type: FeatureType
    unit: Unit
    window: WindowName
    reason: ReasonCode
    sentence: str
    compute: Callable[[View], float]


def _to_typical(seen: View) -> float:
    return seen.log_amount - seen.payer.typical_sent if seen.payer.has_habits else 0.0


def _deviations(seen: View) -> float:
    """Standard score of ln(amount), with a floor of 0.1 under the deviation."""
    month = seen.payer.month
    if not seen.payer.has_habits:
        return 0.0
    mean = seen.payer.typical_sent
    variance = month.sent_squares / LOG_SCALE / month.sent - mean * mean
    return (seen.log_amount - mean) / math.sqrt(max(variance, 0.01))


def _to_largest(seen: View) -> float:
    return seen.log_amount - math.log(seen.payer.month.sent_largest) if seen.payer.has_habits else 0.0


def _to_payee_typical(seen: View) -> float:
    return seen.log_amount - seen.payee.typical_received if seen.payee_has_habits else 0.0


def _to_payee_largest(seen: View) -> float:
    return seen.log_amount - math.log(seen.payee.month.received_largest) if seen.payee_has_habits else 0.0


def _to_pair_largest(seen: View) -> float:
    return seen.log_amount - math.log(seen.pair.largest) if seen.pair is not None else 0.0


def _to_usual_day(seen: View, sent_total: int) -> float:
    """ln of what is sent, this included, against a usual day of somebody who paid on at least five."""
    if not seen.payer.has_habits:
        return 0.0
    return math.log((sent_total + seen.movement.amount) / seen.payer.usual_day)


def _payee_day_to_usual(seen: View) -> float:
    if not seen.payee_has_habits:
        return 0.0
    received = seen.payee.day.received_total + seen.movement.amount
    return math.log(received * ENOUGH / seen.payee.month.received_total)


def _time_of_day(seen: View) -> float:
    """Share of the payer's payments in this quarter of the day, drawn towards a quarter where there are few."""
    return (seen.at_this_time_of_day + 2) / (seen.payer.month.sent + 8)


def _passed_on(seen: View) -> float:
    return _part_of(seen.movement.amount, seen.payer.hour.received_total)


def _passed_on_in_day(seen: View) -> float:
    return _part_of(seen.payer.day.sent_total + seen.movement.amount, seen.payer.day.received_total)


def _received_to_typical(seen: View) -> float:
    """ln of what came in within an hour, against what the payer usually sends."""
    received = seen.payer.hour.received_total
    return math.log(received) - seen.payer.typical_sent if received and seen.payer.has_habits else 0.0


def _part_of(amount: int, received: int) -> float:
    return min(amount / received, 10.0) if received else 0.0


def _days_since(first: int | None, seen: View) -> float:
    return max(seen.second - first, 0) / DAY if first is not None else 0.0


def _payer_fraud_share(seen: View) -> float:
    frauds = seen.payer.sent_frauds
    return frauds / max(sum(week.sent for week in seen.payer.weeks[1:]), 1) if frauds else 0.0


def _payee_fraud_share(seen: View) -> float:
    frauds = seen.payee.received_frauds
    return frauds / max(sum(week.received for week in seen.payee.weeks[1:]), 1) if frauds else 0.0


def _fraud_share_of_week(seen: View, back: int) -> float:
    week = seen.payee.weeks[back]
    return week.received_frauds / max(week.received, 1)


FEATURES: Final[tuple[Feature, ...]] = (
    Feature("amount", "number", "ln(minor unit)", "none", "amount_unusual",
            "The amount.", lambda seen: seen.log_amount),
    Feature("amount_to_typical", "number", "ln(ratio)", "month", "amount_unusual",
            "The amount against the geometric mean of what the payer sent.", _to_typical),
    Feature("amount_deviations", "number", "deviations", "month", "amount_unusual",
            "How many standard deviations ln(amount) lies above its mean.", _deviations),
    Feature("amount_to_largest", "number", "ln(ratio)", "month", "amount_unusual",
            "The amount against the largest that the payer sent.", _to_largest),
    Feature("amount_to_pair_largest", "number", "ln(ratio)", "ever", "amount_unusual",
            "The amount against the largest that the payer ever sent to this payee.", _to_pair_largest),
    Feature("amount_to_payee_typical", "number", "ln(ratio)", "month", "amount_unusual_for_payee",
            "The amount against the geometric mean of what the payee received.", _to_payee_typical),
    Feature("amount_to_payee_largest", "number", "ln(ratio)", "month", "amount_unusual_for_payee",
            "The amount against the largest that the payee received.", _to_payee_largest),
    Feature("sent_in_hour", "count", "payments", "hour", "spending_unusual",
            "Payments that the payer sent within an hour.", lambda seen: seen.payer.hour.sent),
    Feature("sent_in_day", "count", "payments", "day", "spending_unusual",
            "Payments that the payer sent within a day.", lambda seen: seen.payer.day.sent),
    Feature("spent_in_hour_to_usual", "number", "ln(ratio)", "hour", "spending_unusual",
            "What the payer sent within an hour, this included, against a usual day.",
            lambda seen: _to_usual_day(seen, seen.payer.hour.sent_total)),
    Feature("spent_in_day_to_usual", "number", "ln(ratio)", "day", "spending_unusual",
            "What the payer sent within a day, this included, against a usual day.",
            lambda seen: _to_usual_day(seen, seen.payer.day.sent_total)),
    Feature("new_payees_in_hour", "count", "customers", "hour", "payees_new",
            "Payees whom the payer paid for the first time within an hour.", lambda seen: seen.payer.hour.new_payees),
    Feature("new_payees_in_day", "count", "customers", "day", "payees_new",
            "Payees whom the payer paid for the first time within a day.", lambda seen: seen.payer.day.new_payees),
    Feature("new_payees_share", "number", "ratio", "month", "payees_new",
            "Share of the payer's payments that went to new payees.",
            lambda seen: seen.payer.month.new_payees / seen.payer.month.sent if seen.payer.month.sent else 1.0),
    Feature("pair_payments", "count", "payments", "ever", "payees_new",
            "Payments of this payer to this payee before.", lambda seen: seen.pair.payments if seen.pair else 0),
    Feature("pair_days", "number", "days", "ever", "payees_new",
            "Days since the first of them.",
            lambda seen: _days_since(seen.pair.first_second if seen.pair else None, seen)),
    Feature("payee_received_in_month", "count", "payments", "month", "payee_collects",
            "Payments that the payee received.", lambda seen: seen.payee.month.received),
    Feature("payee_new_payers_in_day", "count", "customers", "day", "payee_collects",
            "Payers who paid the payee for the first time within a day.", lambda seen: seen.payee.day.new_payers),
    Feature("payee_day_to_usual", "number", "ln(ratio)", "day", "payee_collects",
            "What the payee received within a day, this included, against a fifth of what it received in a month.",
            _payee_day_to_usual),
    Feature("time_of_day_share", "number", "ratio", "month", "time_unusual",
            "Share of the payer's payments made in this quarter of the day.", _time_of_day),
    Feature("hour_of_day", "number", "hours", "none", "time_unusual",
            "The hour of the day (UTC).", lambda seen: seen.second % DAY / 3_600),
    Feature("passed_on_in_hour", "number", "ratio", "hour", "money_passed_on",
            "The amount against what the payer received within an hour, at most 10; 0 where nothing was.", _passed_on),
    Feature("passed_on_in_day", "number", "ratio", "day", "money_passed_on",
            "What the payer sent within a day, this included, against what it received, as above.",
            _passed_on_in_day),
    Feature("received_to_typical", "number", "ln(ratio)", "hour", "money_passed_on",
            "What the payer received within an hour against what it usually sends.", _received_to_typical),
    Feature("payer_days", "count", "days", "month", "history_unusual",
            "Days on which the payer sent something.", lambda seen: seen.payer.days),
    Feature("payer_sent_in_month", "count", "payments", "month", "history_unusual",
            "Payments that the payer sent.", lambda seen: seen.payer.month.sent),
    Feature("payer_age", "number", "days", "ever", "history_unusual",
            "Days since the payer first sent or received anything.",
            lambda seen: _days_since(seen.payer.first_second, seen)),
    Feature("payee_age", "number", "days", "ever", "history_unusual",
            "Days since the payee first sent or received anything.",
            lambda seen: _days_since(seen.payee.first_second, seen)),
    Feature("payer_frauds", "count", "payments", "weeks", "fraud_known",
            "Payments of the payer, of four weeks, that are known as fraud.", lambda seen: seen.payer.sent_frauds),
    Feature("payer_fraud_share", "number", "ratio", "weeks", "fraud_known",
            "These against what the payer sent in the three weeks before the present one.", _payer_fraud_share),
    Feature("payee_frauds", "count", "payments", "weeks", "fraud_known",
            "Payments to the payee, of four weeks, that are known as fraud.", lambda seen: seen.payee.received_frauds),
    Feature("payee_fraud_share", "number", "ratio", "weeks", "fraud_known",
            "These against what the payee received in the three weeks before the present one.", _payee_fraud_share),
    Feature("payee_fraud_share_week_1", "number", "ratio", "weeks", "fraud_known",
            "Share of known fraud in what the payee received in the week before the present one.",
            lambda seen: _fraud_share_of_week(seen, 1)),
    Feature("payee_fraud_share_week_2", "number", "ratio", "weeks", "fraud_known",
            "The same of the week before that.", lambda seen: _fraud_share_of_week(seen, 2)),
    Feature("payee_fraud_share_week_3", "number", "ratio", "weeks", "fraud_known",
            "The same of the third week back.", lambda seen: _fraud_share_of_week(seen, 3)),
)  # fmt: skip

NAMES: Final = tuple(feature.name for feature in FEATURES)


def fingerprint() -> str:
    """Return the SHA-256 of names, types, units and windows in their order: what a model was trained for."""
    rows = [(feature.name, feature.type, feature.unit, feature.window) for feature in FEATURES]
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest()
