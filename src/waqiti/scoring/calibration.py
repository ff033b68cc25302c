"""From what the trees add up to, to a score: a rising curve that was fixed on days after those trained on."""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FARTHEST: Final = 30.0
"""Log-odds beyond which a score would be 0 or 1 in so many words."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """log-odds of the score = ``slope`` x margin + ``intercept``, ``slope`` above 0 (Platt, 1999)."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise ValueError("a calibration rises")

    def scores(self, margins: Floats) -> Floats:
        """Return scores, above 0 and below 1."""
        return probabilities(self.slope * margins + self.intercept)


def probabilities(log_odds: Floats) -> Floats:
    """Return 1 / (1 + exp(-log_odds))."""
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -_FARTHEST, _FARTHEST)))
    return result
