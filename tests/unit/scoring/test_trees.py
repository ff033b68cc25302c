"""Trees are asked by the library's C API, and say what its own Python calls say."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xgboost

from waqiti.scoring import NAMES
from waqiti.scoring.artifact import Artifact
from waqiti.scoring.shipped import shipped_artifact
from waqiti.scoring.trees import Trees


@pytest.fixture(scope="module")
def model() -> bytes:
    return Artifact.read(shipped_artifact()).model


def test_margins_are_those_of_the_library_also_where_threads_ask_at_once(model: bytes) -> None:
    trees, library = Trees.read(model), xgboost.Booster(model_file=bytearray(model))
    chance = np.random.default_rng(1)
    batches = [chance.normal(0, 5, (rows, len(NAMES))).astype(np.float32) for rows in (1, 7, 64, 500) * 20]
    batches.append(np.full((2, len(NAMES)), np.nan, dtype=np.float32))

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(trees.margins, batches))

    for rows, margins in zip(batches, found, strict=True):
        assert margins.tolist() == library.inplace_predict(rows, predict_type="margin").tolist()


def test_rows_of_another_catalogue_are_refused(model: bytes) -> None:
    with pytest.raises(ValueError, match="the trees have"):
        Trees.read(model).margins(np.zeros((3, len(NAMES) - 1), dtype=np.float32))
