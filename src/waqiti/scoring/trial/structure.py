"""Whether trees are trees: rows of a trial do not reach every node, and what serves may meet any of them.

The document is XGBoost's JSON of a model ("JSON schema of the model" in its documentation), written by the library
from what it has in memory.
"""

from typing import Any, Final

import msgspec
import numpy as np

from waqiti.scoring.catalogue import NAMES

_NONE: Final = -1
_DEEPEST: Final = 64
_PER_NODE: Final = (
    "left_children", "right_children", "split_indices", "split_conditions", "split_type", "default_left",
    "base_weights", "sum_hessian", "loss_changes",
)  # fmt: skip


def check(document: bytes) -> None:
    """Look at every node of a model.

    Raises:
        ValueError: the trees are not what can be walked from root to leaf.
    """
    try:
        learner = msgspec.json.decode(document)["learner"]
        booster = learner["gradient_booster"]
        _check_shape(learner, booster)
        for tree in booster["model"]["trees"]:
            _check_tree(tree)
    except (KeyError, TypeError, IndexError, msgspec.MsgspecError) as error:
        raise ValueError("they are not what the library writes") from error


def _check_shape(learner: Any, booster: Any) -> None:
    model, parameters = booster["model"], learner["learner_model_param"]
    trees = len(model["trees"])
    shape = (
        booster["name"] == "gbtree"
        and learner["objective"]["name"] == "binary:logistic"
        and int(parameters["num_feature"]) == len(NAMES)
        and int(parameters["num_class"]) == 0
        and int(parameters["num_target"]) == 1
        and int(model["gbtree_model_param"]["num_parallel_tree"]) == 1
        and int(model["gbtree_model_param"]["num_trees"]) == trees
        and model["tree_info"] == [0] * trees
        and model["iteration_indptr"] == list(range(trees + 1))
    )
    if not shape:
        raise ValueError("they are of another kind than this release serves")


def _check_tree(tree: Any) -> None:
    nodes = int(tree["tree_param"]["num_nodes"])
    if nodes < 1 or any(len(tree[name]) != nodes for name in _PER_NODE):
        raise ValueError("a tree has another number of nodes than it says")
    if int(tree["tree_param"]["size_leaf_vector"]) > 1 or any(tree["split_type"]) or tree["categories"]:
        raise ValueError("a tree splits by more than numbers")
    if not all(0 <= index < len(NAMES) for index in tree["split_indices"]):
        raise ValueError("a tree splits by a feature that there is not")
    numbers = [tree[name] for name in ("split_conditions", "base_weights", "sum_hessian")]
    if not np.all(np.isfinite(np.asarray(numbers, dtype=np.float64))):
        raise ValueError("a tree holds what is no number")
    if _reached(tree["left_children"], tree["right_children"], nodes) != nodes:
        raise ValueError("nodes of a tree hang from none, or from two")


def _reached(left: list[int], right: list[int], nodes: int) -> int:
    """Return how many nodes hang from the root, each by one way."""
    seen, level = {0}, [0]
    for _ in range(_DEEPEST):
        following = [child for node in level for child in (left[node], right[node]) if child != _NONE]
        if not all(0 < child < nodes for child in following) or len(set(following)) != len(following):
            raise ValueError("a node of a tree leads to none that there is")
        if any((left[node] == _NONE) != (right[node] == _NONE) for node in level) or not seen.isdisjoint(following):
            raise ValueError("a node of a tree leads back, or to one side only")
        seen.update(following)
        level = following
        if not level:
            return len(seen)
    raise ValueError("a tree is deeper than any that is fitted")
