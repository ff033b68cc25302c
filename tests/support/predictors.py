"""Models for tests of scoring: real ones, small and quick to fit, and ones that a test has full say over."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final

import msgspec
import numpy as np
import xgboost

from tests.support.models import GOOD
from waqiti.contracts.public.models import ModelFigures
from waqiti.scoring.artifact import FORMAT, Artifact, Manifest, Metrics, sha256
from waqiti.scoring.calibration import Calibration
from waqiti.scoring.catalogue import NAMES, fingerprint
from waqiti.scoring.predictor import ScoreReason
from waqiti.scoring.trees import LIBRARY, Trees
from waqiti.services.ml.usecases.artifacts import Inspected
from waqiti.services.ml.usecases.scoring_workshop import ScoringWorkshop

_METRICS: Final = Metrics(
    rows=1,
    frauds=1,
    train_rows=1,
    auc=None,
    average_precision=None,
    precision_at_100=None,
    precision_at_100_ceiling=None,
    false_positive_rate=None,
    recall=None,
    calibration_error=0.0,
)


class Suspecting(msgspec.Struct, frozen=True):
    """A real model that suspects amounts (minor units) from ``amount`` on, and nothing else."""

    amount: int
    figures: ModelFigures = GOOD

    @property
    def content(self) -> bytes:
        """The artifact."""
        return _artifact(self.amount)


@cache
def _artifact(amount: int) -> bytes:
    place = NAMES.index("amount")
    rows = np.zeros((2_000, len(NAMES)), dtype=np.float32)
    rows[:, place] = np.linspace(0, 25, len(rows))
    labels = rows[:, place] >= np.log(amount)
    data = xgboost.DMatrix(rows, labels, nthread=1)
    parameters = {"objective": "binary:logistic", "nthread": 1, "max_depth": 2, "eta": 1.0, "seed": 1}
    model = Trees(xgboost.train(parameters, data, num_boost_round=8)).to_bytes()
    manifest = Manifest(
        format=FORMAT,
        library=LIBRARY,
        catalogue=fingerprint(),
        training=f"amounts from {amount}",
        features=NAMES,
        calibration=Calibration(slope=1.0, intercept=0.0),
        metrics=_METRICS,
        created_at=datetime(2025, 1, 1, tzinfo=UTC),
        model_sha256=sha256(model),
    )
    return Artifact(manifest, model, "A card.").to_bytes()


class LenientWorkshop(ScoringWorkshop):
    """Reads real artifacts; takes their figures on trust, and tells no stories of innocent people."""

    def __init__(self, shipped: Suspecting) -> None:
        self._shipped = shipped

    async def inspect(self, content: bytes) -> Inspected:
        return msgspec.structs.replace(await super().inspect(content), figures=GOOD)

    async def suspected(self, content: bytes) -> list[str]:
        return [] if content else ["nothing"]

    def shipped(self) -> bytes | None:
        return self._shipped.content


class Scripted:
    """Says of rows what a test wants it to, and remembers them as a real one would read them."""

    def __init__(self, say: Callable[[Sequence[float]], float] | None = None) -> None:
        self.say = say or (lambda _: 0.0)
        self.rows: list[list[float]] = []

    def score(self, matrix: Sequence[Sequence[float]]) -> list[float]:
        self.rows += np.asarray(matrix, dtype=np.float32).tolist()
        return [self.say(row) for row in matrix]

    def reasons(self, row: Sequence[float]) -> list[ScoreReason]:
        return [ScoreReason("amount_unusual", f"The amount is {row[0]:.2f}.")]
