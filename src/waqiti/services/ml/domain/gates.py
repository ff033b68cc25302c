"""What a version has to pass before it comes into force."""

from collections.abc import Sequence
from typing import Final

from waqiti.contracts.public.models import Comparison, Gate, ModelFigures
from waqiti.scoring import worth

AVERAGE_PRECISION_MARGIN: Final = 0.02
"""By how much the average precision may lie below the champion's: what differs by less is chance on a test period."""

RECALL_MARGIN: Final = 0.05
"""By how much the share of fraud that is found at the review threshold may lie below the champion's."""

_FEW: Final = 3


def judge(
    figures: ModelFigures, champion: str | None, comparison: Comparison | None, suspected: Sequence[str]
) -> list[Gate]:
    """Return what a version that loads passes.

    ``figures`` are those of its training; ``champion`` is the version in force, None where there is none, and
    ``comparison`` how it did beside that one. ``suspected`` says which ordinary behaviour it would hold or refuse.
    """
    gates = [Gate(name="loads", ok=True, detail="The artifact loads."), _innocence(suspected)]
    if champion is None:
        return [*gates, *worth.alone(figures)]
    if comparison is None:
        return [*gates, *_not_compared(figures, champion)]
    return [*gates, *_beside(comparison, figures.false_positive_rate)]


def not_loaded(why: str) -> list[Gate]:
    """Return what is left to say of a version that does not load."""
    return [Gate(name="loads", ok=False, detail=why)]


def _innocence(suspected: Sequence[str]) -> Gate:
    if not suspected:
        return Gate(name="innocence", ok=True, detail="Ordinary behaviour is approved.")
    more = f", and {len(suspected) - _FEW} more" if len(suspected) > _FEW else ""
    return Gate(name="innocence", ok=False, detail=f"It would hold or refuse: {'; '.join(suspected[:_FEW])}{more}.")


def _not_compared(figures: ModelFigures, champion: str) -> list[Gate]:
    missing = f"It was not compared with {champion} yet"
    return [
        Gate(name="evidence", ok=False, detail=f"{missing}: {worth.how_to_measure()}"),
        worth.auc(figures),
        Gate(name="average_precision", ok=False, detail=f"{missing}."),
        Gate(name="recall", ok=False, detail=f"{missing}."),
        worth.false_positive_rate([figures.false_positive_rate]),
    ]


def _beside(comparison: Comparison, own_rate: float | None) -> list[Gate]:
    """Judge by a comparison; where the champion has no figure on that data there is nothing to be measured against."""
    found, before = comparison.figures, comparison.champion_figures
    return [
        worth.evidence(found, comparison.version),
        worth.auc(found),
        worth.average_precision(found, *_less(before.average_precision, AVERAGE_PRECISION_MARGIN, comparison.champion)),
        worth.recall(found, *_less(before.recall, RECALL_MARGIN, comparison.champion)),
        worth.false_positive_rate([own_rate, found.false_positive_rate]),
    ]


def _less(before: float | None, margin: float, champion: str) -> tuple[float, str]:
    return max(0.0, (before or 0.0) - margin), f": that of {champion} less {margin:g}"
