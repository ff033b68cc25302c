"""What a version has to pass before it comes into force."""

from collections.abc import Sequence
from typing import Final, Literal

from waqiti.contracts.public.models import Gate, ModelFigures

LARGEST_FALSE_POSITIVE_RATE: Final = 0.002
"""Of good payments, those that a model may hold for review."""

AVERAGE_PRECISION_MARGIN: Final = 0.02
"""By how much the average precision may lie below the champion's: what differs by less is chance on a test period."""

RECALL_MARGIN: Final = 0.05
"""By how much the share of fraud that is found at the review threshold may lie below the champion's."""

_FEW: Final = 3

Compared = Literal["average_precision", "recall"]


def judge(figures: ModelFigures, champion: ModelFigures | None, suspected: Sequence[str]) -> list[Gate]:
    """Return what a version that loads passes.

    ``champion`` has the figures of the one in force, None where there is none; ``suspected`` says which ordinary
    behaviour the version would hold or refuse.
    """
    return [
        Gate(name="loads", ok=True, detail="The artifact loads."),
        _innocence(suspected),
        _not_worse("average_precision", figures, champion, AVERAGE_PRECISION_MARGIN),
        _not_worse("recall", figures, champion, RECALL_MARGIN),
        _false_positives(figures.false_positive_rate),
    ]


def not_loaded(why: str) -> list[Gate]:
    """Return what is left to say of a version that does not load."""
    return [Gate(name="loads", ok=False, detail=why)]


def _innocence(suspected: Sequence[str]) -> Gate:
    if not suspected:
        return Gate(name="innocence", ok=True, detail="Ordinary behaviour is approved.")
    more = f", and {len(suspected) - _FEW} more" if len(suspected) > _FEW else ""
    return Gate(name="innocence", ok=False, detail=f"It would hold or refuse: {'; '.join(suspected[:_FEW])}{more}.")


def _not_worse(name: Compared, figures: ModelFigures, champion: ModelFigures | None, margin: float) -> Gate:
    found: float | None = getattr(figures, name)
    before: float | None = getattr(champion, name) if champion is not None else None
    if found is None:
        return Gate(name=name, ok=False, detail="It is not known: there was no fraud in the test period.")
    if champion is None or before is None:
        return Gate(name=name, ok=True, detail=f"{found:.4f}; there is no champion's to compare it with.")
    if figures.evaluation != champion.evaluation:
        detail = f"{found:.4f} on {figures.evaluation} cannot be compared: the champion's is on {champion.evaluation}."
        return Gate(name=name, ok=False, detail=detail)
    needed = max(0.0, before - margin)
    detail = f"{found:.4f}, and at least {needed:.4f} is needed: the champion's less {margin:g}."
    return Gate(name=name, ok=found >= needed, detail=detail)


def _false_positives(rate: float | None) -> Gate:
    if rate is None:
        return Gate(name="false_positive_rate", ok=False, detail="It is not known: no good payment was tested.")
    detail = f"{rate:.4%} of good payments would be held, and at most {LARGEST_FALSE_POSITIVE_RATE:.1%} may be."
    return Gate(name="false_positive_rate", ok=rate <= LARGEST_FALSE_POSITIVE_RATE, detail=detail)
