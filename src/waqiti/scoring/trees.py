"""Gradient boosted trees, by XGBoost: the one place that imports it, but for ``inplace`` and for what fits them."""

import re
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import xgboost

from waqiti.scoring.inplace import margins

_PLACE: Final = re.compile(r"^\[[^\]]*\] \S+: ")
"""Where in its source the library says what is wrong."""
LIBRARY: Final = f"xgboost {xgboost.__version__}"


class TreesError(Exception):
    """The bytes hold no trees that this version of the library reads."""


class Trees:
    """Trees over features in a fixed order, used on one thread."""

    def __init__(self, booster: xgboost.Booster) -> None:
        booster.set_param({"nthread": 1})
        self._booster = booster
        self._features = booster.num_features()

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read trees in XGBoost's UBJSON.

        Raises:
            TreesError: it holds none.
        """
        booster = xgboost.Booster()
        try:
            booster.load_model(bytearray(content))
        except (xgboost.core.XGBoostError, ValueError, TypeError, MemoryError, RecursionError) as error:
            raise TreesError(_sentence(error)) from error
        return cls(booster)

    def to_bytes(self) -> bytes:
        """Return the trees in XGBoost's UBJSON."""
        return bytes(self._booster.save_raw("ubj"))

    def document(self) -> bytes:
        """Return the trees in XGBoost's JSON, as they stand in memory.

        Raises:
            TreesError: the library cannot write them.
        """
        try:
            return bytes(self._booster.save_raw("json"))
        except xgboost.core.XGBoostError as error:
            raise TreesError(_sentence(error)) from error

    def margins(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the sum of the trees, in log-odds, for each row of ``rows`` (rows x features).

        Raises:
            ValueError: the rows have other features than the trees.
        """
        if rows.shape != (len(rows), self._features):
            raise ValueError(f"the trees have {self._features} features, the rows {rows.shape[1:]}")
        assert self._booster.handle is not None
        return margins(self._booster.handle, np.ascontiguousarray(rows)).astype(np.float64)

    def contributions(self, row: Sequence[float]) -> list[float]:
        """Return what each feature adds to the margin of ``row``, in log-odds."""
        matrix = xgboost.DMatrix(np.asarray([row], dtype=np.float32), nthread=1)
        values: list[float] = self._booster.predict(matrix, pred_contribs=True)[0].tolist()
        return values[:-1]


def _sentence(error: Exception) -> str:
    return _PLACE.sub("", str(error).partition("\n")[0]).rstrip(". :")
