"""Asking the model: which one scores, and what it says of a batch. A model that fails never fails the batch."""

import asyncio
import math
from collections.abc import Sequence
from itertools import repeat
from typing import Final, Protocol

import msgspec

from waqiti.contracts.fraud import Reason
from waqiti.foundation.telemetry import counter, figure, histogram, logger
from waqiti.services.fraud.domain.decisions import Opinion, Sight, Thresholds

_PLACES: Final = 4
_LONG: Final = 256
"""Rows from which on scoring takes about a millisecond, and goes into a thread."""
_MOST_EXPLAINED: Final = 64
"""Rows of a batch that are explained, about a third of a millisecond each; only a flood has more."""
_BUCKETS: Final = (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.85, 0.95)

_scores: Final = histogram("fraud_model_scores", "What the model said, from 0 to 1.", buckets=_BUCKETS)
_version: Final = figure("fraud_model_version", "1 for the version of the model that scores here.", ["version"])
_failures: Final = counter("fraud_model_failures", "Movements that rules decided alone because the model failed.")
_missing: Final = counter("fraud_model_missing", "Movements that rules decided alone because there is no model.")
_log: Final = logger(__name__)


class Why(Protocol):
    """One reason of a score: a stable code and a sentence."""

    @property
    def code(self) -> str:
        """The code."""
        ...

    @property
    def detail(self) -> str:
        """The sentence."""
        ...


class Model(Protocol):
    """What scores rows of features, in the order of the catalogue; threads may ask at once."""

    def score(self, matrix: Sequence[Sequence[float]], /) -> list[float]:
        """Return a score from 0 to 1 for each row."""
        ...

    def reasons(self, row: Sequence[float], /) -> Sequence[Why]:
        """Return what raised the score of a row most, the strongest first."""
        ...


class Served(msgspec.Struct, frozen=True):
    """A model and its version, as one: a batch is scored by both or by neither."""

    version: str
    model: Model


class Serving:
    """Holds what scores."""

    def __init__(self) -> None:
        self.served: Served | None = None

    def use(self, version: str, predictor: Model) -> None:
        """Score by this model from the next batch on."""
        if self.served is not None:
            _version.set(None, self.served.version)
        _version.set(1, version)
        self.served = Served(version, predictor)


async def opinions(served: Served | None, sights: Sequence[Sight], thresholds: Thresholds) -> list[Opinion | None]:
    """Return what the model says of each item; None where it is not asked or has nothing to say.

    It is not asked about what stays with its owner, which nobody is defrauded by.
    """
    found: list[Opinion | None] = [None] * len(sights)
    asked = [place for place, sight in enumerate(sights) if sight.seen.leaves_the_payer]
    if served is None:
        _missing.inc(len(asked))
        return found
    rows = [sights[place].row for place in asked]
    scores = await _scored(served, rows)
    told = [n for n, score in enumerate(scores) if thresholds.wants_reasons(score)][:_MOST_EXPLAINED]
    reasons = await _explained(served, {n: rows[n] for n in told})
    for n, (place, score) in enumerate(zip(asked, scores, strict=True)):
        if math.isfinite(score):
            _scores.observe(score)
            found[place] = Opinion(served.version, score, reasons.get(n, ()))
    return found


async def _scored(served: Served, rows: list[list[float]]) -> list[float]:
    """Return scores to 4 places; NaN where there is none."""
    if not rows:
        return []
    try:
        if len(rows) < _LONG:
            scores = served.model.score(rows)
        else:
            scores = await asyncio.to_thread(served.model.score, rows)
        scores = [score if 0.0 <= score <= 1.0 else math.nan for _, score in zip(rows, scores, strict=True)]
    except Exception as error:  # noqa: BLE001 - whatever becomes of a model, rules go on
        _log.error("model_failed", version=served.version, error=type(error).__name__, detail=str(error))
        scores = list(repeat(math.nan, len(rows)))
    failed = sum(math.isnan(score) for score in scores)
    if failed:
        _failures.inc(failed)
        _log.error("scores_missing", version=served.version, movements=failed)
    return [round(score, _PLACES) for score in scores]


async def _explained(served: Served, rows: dict[int, list[float]]) -> dict[int, tuple[Reason, ...]]:
    """Return reasons by place, computed in a thread; none where that fails."""
    if not rows:
        return {}

    def work() -> dict[int, tuple[Reason, ...]]:
        return {n: tuple(Reason(why.code, why.detail) for why in served.model.reasons(row)) for n, row in rows.items()}

    try:
        return await asyncio.to_thread(work)
    except Exception as error:  # noqa: BLE001 - a score counts without its reasons
        _log.error("model_not_explained", version=served.version, error=type(error).__name__, detail=str(error))
        return {}
