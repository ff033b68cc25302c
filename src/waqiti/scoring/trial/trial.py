"""What an artifact has to do before it may serve."""

from typing import Final

import numpy as np

from waqiti.scoring.artifact import DamagedArtifact
from waqiti.scoring.catalogue import NAMES
from waqiti.scoring.predictor import Predictor
from waqiti.scoring.trees import TreesError
from waqiti.scoring.trial.report import Passed
from waqiti.scoring.trial.said import passed
from waqiti.scoring.trial.structure import check

_ROWS: Final = 300
_SEED: Final = 20
_WIDE: Final = (0.0, 1.0, -1.0, 1e3, -1e3, 1e9, -1e9, 3e38, -3e38)
_EXPLAINED: Final = 12


def tried(content: bytes, *, with_stories: bool) -> Passed:
    """Load an artifact, look at its trees, and predict by it.

    Raises:
        ArtifactError: it cannot be served.
    """
    predictor = Predictor.load(content)
    try:
        check(predictor.trees.document())
        _predict(predictor)
    except (TreesError, ValueError, OverflowError, MemoryError, RecursionError) as error:
        raise DamagedArtifact(f"the trees cannot be used: {error}") from error
    return passed(predictor, _accused(predictor) if with_stories else ())


def _predict(predictor: Predictor) -> None:
    """Score one row and many, and ask for reasons.

    Raises:
        ValueError: a score is none.
    """
    width = len(NAMES)
    wide = np.asarray([[value] * width for value in _WIDE], dtype=np.float32)
    chance = np.random.default_rng(_SEED)
    usual = chance.normal(scale=10, size=(_ROWS - len(wide), width)).astype(np.float32)
    rows = np.concatenate([wide, usual])
    for matrix in (rows[:1], rows):
        scores = np.asarray(predictor.score(matrix))
        if scores.shape != (len(matrix),) or not np.all((scores >= 0) & (scores <= 1)):
            raise ValueError("they give scores that are not from 0 to 1")
    for row in rows[:_EXPLAINED].tolist():
        if not np.all(np.isfinite(predictor.trees.contributions(row))):
            raise ValueError("what they explain is no number")
        predictor.reasons(row)


def _accused(predictor: Predictor) -> tuple[str, ...]:
    from waqiti.scoring.training.innocence import judge

    return judge(predictor).accused
