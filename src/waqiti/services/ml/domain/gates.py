"""What a version has to pass before it comes into force."""

from collections.abc import Sequence
from typing import Final, Literal

from waqiti.contracts.public.models import Comparison, Gate, ModelFigures

LARGEST_FALSE_POSITIVE_RATE: Final = 0.002
"""Of good payments, those that a model may hold for review."""

AVERAGE_PRECISION_MARGIN: Final = 0.02
"""By how much the average precision may lie below the champion's: what differs by less is chance on a test period."""

RECALL_MARGIN: Final = 0.05
"""By how much the share of fraud that is found at the review threshold may lie below the champion's."""

_FEW: Final = 3

Compared = Literal["average_precision", "recall"]


def judge(
    figures: ModelFigures, champion: str | None, comparison: Comparison | None, suspected: Sequence[str]
) -> list[Gate]:
    """Return what a version that loads passes.

    ``figures`` are those of its training; ``champion`` is the version in force, None where there is none, and
    ``comparison`` how it did beside that one. ``suspected`` says which ordinary behaviour it would hold or refuse.
    """
    rates = [figures.false_positive_rate]
    if comparison is not None:
        rates.append(comparison.figures.false_positive_rate)
    return [
        Gate(name="loads", ok=True, detail="The artifact loads."),
        _innocence(suspected),
        _not_worse("average_precision", champion, comparison, AVERAGE_PRECISION_MARGIN),
        _not_worse("recall", champion, comparison, RECALL_MARGIN),
        _false_positives(rates),
    ]


def not_loaded(why: str) -> list[Gate]:
    """Return what is left to say of a version that does not load."""
    return [Gate(name="loads", ok=False, detail=why)]


def _innocence(suspected: Sequence[str]) -> Gate:
    if not suspected:
        return Gate(name="innocence", ok=True, detail="Ordinary behaviour is approved.")
    more = f", and {len(suspected) - _FEW} more" if len(suspected) > _FEW else ""
    return Gate(name="innocence", ok=False, detail=f"It would hold or refuse: {'; '.join(suspected[:_FEW])}{more}.")


def _not_worse(name: Compared, champion: str | None, comparison: Comparison | None, margin: float) -> Gate:
    if champion is None:
        return Gate(name=name, ok=True, detail="There is no champion to compare it with.")
    if comparison is None:
        return Gate(name=name, ok=False, detail=f"It was not compared with {champion} yet: evaluate it.")
    found: float | None = getattr(comparison.figures, name)
    before: float | None = getattr(comparison.champion_figures, name)
    if found is None or before is None:
        return Gate(name=name, ok=False, detail="It is not known: there was no fraud in the test period.")
    needed = max(0.0, before - margin)
    detail = f"{found:.4f}, and at least {needed:.4f} is needed: that of {champion} less {margin:g}."
    return Gate(name=name, ok=found >= needed, detail=detail)


def _false_positives(rates: Sequence[float | None]) -> Gate:
    """Judge by the worst of the rates: nobody has to be believed that it is better than the artifact itself says."""
    known = [rate for rate in rates if rate is not None]
    if len(known) < len(rates):
        return Gate(name="false_positive_rate", ok=False, detail="It is not known: no good payment was tested.")
    rate = max(known)
    detail = f"{rate:.4%} of good payments would be held, and at most {LARGEST_FALSE_POSITIVE_RATE:.1%} may be."
    return Gate(name="false_positive_rate", ok=rate <= LARGEST_FALSE_POSITIVE_RATE, detail=detail)
