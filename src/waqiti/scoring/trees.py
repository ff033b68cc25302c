"""Gradient boosted trees, by XGBoost: the one place that imports it, but for what fits them."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import xgboost

LIBRARY: Final = f"xgboost {xgboost.__version__}"


class TreesError(Exception):
    """The bytes hold no trees that this version of the library reads."""


class Trees:
    """Trees over features in a fixed order, used on one thread."""

    def __init__(self, booster: xgboost.Booster) -> None:
        booster.set_param({"nthread": 1})
        self._booster = booster

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read trees in XGBoost's UBJSON.

        Raises:
            TreesError: it holds none.
        """
        booster = xgboost.Booster()
        try:
            booster.load_model(bytearray(content))
        except xgboost.core.XGBoostError as error:
            raise TreesError(str(error).partition("\n")[0]) from error
        return cls(booster)

    def to_bytes(self) -> bytes:
        """Return the trees in XGBoost's UBJSON."""
        return bytes(self._booster.save_raw("ubj"))

    def margins(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the sum of the trees, in log-odds, for each row of ``rows`` (rows x features)."""
        return np.asarray(self._booster.inplace_predict(rows, predict_type="margin"), dtype=np.float64)

    def contributions(self, row: Sequence[float]) -> list[float]:
        """Return what each feature adds to the margin of ``row``, in log-odds."""
        matrix = xgboost.DMatrix(np.asarray([row], dtype=np.float32), nthread=1)
        values: list[float] = self._booster.predict(matrix, pred_contribs=True)[0].tolist()
        return values[:-1]
