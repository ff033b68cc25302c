"""What a model must be worth before it may decide, whatever else there is. Nothing that loads or trains is imported.

Figures on a handful of payments say nothing: with two frauds a model that finds none of them differs from one that
finds both by chance. Of 50 frauds the recall is known to within some 14 percentage points (two standard errors of a
share of one half), and on 10,000 payments a false positive rate of 0.2 % is twenty of them.
"""

from collections.abc import Sequence
from typing import Final

from waqiti.contracts.public.models import Gate, GateName, ModelFigures

FEWEST_ROWS: Final = 10_000
"""Payments in a test period whose figures count."""

FEWEST_FRAUDS: Final = 50
"""Frauds among them."""

SMALLEST_AUC: Final = 0.70
"""Chance is 0.5; the model that ships has more than 0.9 in towns that it has not seen."""

TIMES_CHANCE: Final = 2
"""How many times the share of fraud, which is what chance has, the average precision is at least."""

LARGEST_FALSE_POSITIVE_RATE: Final = 0.002
"""Of good payments, those that a model may hold for review."""

_NO_FRAUD: Final = "It is not known: there was no fraud in the test period."


def alone(figures: ModelFigures, version: str = "VERSION") -> list[Gate]:
    """Return the gates of a model that is beside no other; ``version`` is what it is called."""
    return [
        evidence(figures, version),
        auc(figures),
        average_precision(figures),
        recall(figures),
        false_positive_rate([figures.false_positive_rate]),
    ]


def evidence(figures: ModelFigures, version: str = "VERSION") -> Gate:
    """Judge whether figures count; ``version`` is whose they are."""
    found = f"{figures.rows:,} payments with {figures.frauds:,} frauds were tested"
    if figures.rows >= FEWEST_ROWS and figures.frauds >= FEWEST_FRAUDS:
        return Gate(name="evidence", ok=True, detail=f"{found}.")
    needed = f"at least {FEWEST_ROWS:,} with {FEWEST_FRAUDS} are needed"
    return Gate(name="evidence", ok=False, detail=f"{found}, and {needed}: {how_to_measure(version)}")


def how_to_measure(version: str = "VERSION") -> str:
    """Return how more evidence is had."""
    return f"waqiti models evaluate {version} --data FILE.csv, with more payments, measures it."


def auc(figures: ModelFigures) -> Gate:
    """Judge how well a model ranks."""
    return _at_least("auc", figures.auc, SMALLEST_AUC, "")


def average_precision(figures: ModelFigures, needed: float = 0.0, why: str = "") -> Gate:
    """Judge how precise a model is; ``needed`` is asked for beside the floor, which is above chance."""
    floor = min(1.0, TIMES_CHANCE * figures.frauds / max(1, figures.rows))
    if needed < floor:
        needed, why = floor, f": {TIMES_CHANCE} times the share of fraud"
    return _at_least("average_precision", figures.average_precision, needed, why)


def recall(figures: ModelFigures, needed: float = 0.0, why: str = "") -> Gate:
    """Judge what a model finds at the review threshold; one that finds nothing decides nothing."""
    if figures.recall == 0:
        return Gate(name="recall", ok=False, detail="It finds no fraud at all at the threshold of review.")
    return _at_least("recall", figures.recall, needed, why)


def false_positive_rate(rates: Sequence[float | None]) -> Gate:
    """Judge by the worst of the rates: nobody has to be believed that it is better than the artifact itself says."""
    known = [rate for rate in rates if rate is not None]
    if len(known) < len(rates):
        return Gate(name="false_positive_rate", ok=False, detail="It is not known: no good payment was tested.")
    rate = max(known)
    detail = f"{rate:.4%} of good payments would be held, and at most {LARGEST_FALSE_POSITIVE_RATE:.1%} may be."
    return Gate(name="false_positive_rate", ok=rate <= LARGEST_FALSE_POSITIVE_RATE, detail=detail)


def _at_least(name: GateName, found: float | None, needed: float, why: str) -> Gate:
    if found is None:
        return Gate(name=name, ok=False, detail=_NO_FRAUD)
    detail = f"{found:.4f}, and at least {needed:.4f} is needed{why}."
    return Gate(name=name, ok=found >= needed, detail=detail)
