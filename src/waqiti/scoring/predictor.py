"""Scores from a model artifact, in process and on one thread."""

from collections.abc import Sequence
from typing import Final, Self

import msgspec
import numpy as np
import numpy.typing as npt

from waqiti.scoring.artifact import Artifact, DamagedArtifact, Manifest, OtherCatalogue, sha256
from waqiti.scoring.catalogue import FEATURES, NAMES, REASONS, ReasonCode, fingerprint
from waqiti.scoring.trees import Trees, TreesError

Row = Sequence[float]
Matrix = Sequence[Row] | npt.NDArray[np.float32]

MOST_REASONS: Final = 3
_LEAST_CONTRIBUTION: Final = 0.1
"""In log-odds; what a group adds beneath that explains nothing."""


class ScoreReason(msgspec.Struct, frozen=True):
    """Why a score is high: a code of the catalogue's ``REASONS``, and its sentence."""

    code: ReasonCode
    detail: str


class Predictor:
    """A loaded model; it does not change, and several threads may ask it at once.

    That predictions of trees are thread-safe is in XGBoost's documentation ("Prediction", "Thread Safety").
    """

    def __init__(self, artifact: Artifact, trees: Trees, artifact_sha256: str) -> None:
        self.trees = trees
        self._artifact = artifact
        self.sha256 = artifact_sha256

    @classmethod
    def load(cls, content: bytes) -> Self:
        """Load an artifact.

        Raises:
            DamagedArtifact: the bytes are no artifact, or not whole.
            OtherCatalogue: it was trained for other features than this code computes.
        """
        artifact = Artifact.read(content)
        if artifact.manifest.catalogue != fingerprint() or artifact.manifest.features != NAMES:
            raise OtherCatalogue("the model was trained for another catalogue of features: train it anew")
        try:
            trees = Trees.read(artifact.model)
        except TreesError as error:
            raise DamagedArtifact(f"the trees cannot be read: {error}") from error
        return cls(artifact, trees, sha256(content))

    @property
    def manifest(self) -> Manifest:
        """What the artifact says of itself."""
        return self._artifact.manifest

    @property
    def card(self) -> str:
        """The model's card, in Markdown."""
        return self._artifact.card

    def score(self, matrix: Matrix) -> list[float]:
        """Return a score from 0 to 1 for each row of features, in the order of the catalogue."""
        rows = np.asarray(matrix, dtype=np.float32)
        if rows.size == 0:
            return []
        scores: list[float] = self.manifest.calibration.scores(self.trees.margins(rows)).tolist()
        return scores

    def reasons(self, row: Row) -> list[ScoreReason]:
        """Return what raised the score of ``row`` most, at most three groups of features, the strongest first.

        Contributions are Shapley values of the trees (Lundberg et al., 2020, "From local explanations to global
        understanding with explainable AI for trees"), summed by group.
        """
        by_group = dict.fromkeys(REASONS, 0.0)
        for feature, contribution in zip(FEATURES, self.trees.contributions(row), strict=True):
            by_group[feature.reason] += contribution
        strongest = sorted(by_group, key=lambda code: -by_group[code])[:MOST_REASONS]
        return [ScoreReason(code, REASONS[code]) for code in strongest if by_group[code] >= _LEAST_CONTRIBUTION]
