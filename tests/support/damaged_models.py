"""Artifacts whose hash is right and whose trees are not: what each does to a process that loads it differs."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tests.support.models import GOOD
from waqiti.contracts.public.models import ModelFigures
from waqiti.scoring.artifact import Artifact, sha256
from waqiti.scoring.shipped import shipped_artifact


class Damaged(msgspec.Struct, frozen=True):
    """The model that ships with other trees."""

    trees: bytes
    figures: ModelFigures = GOOD

    @property
    def content(self) -> bytes:
        """The artifact."""
        artifact = Artifact.read(shipped_artifact())
        manifest = msgspec.structs.replace(artifact.manifest, model_sha256=sha256(self.trees))
        return msgspec.structs.replace(artifact, manifest=manifest, model=self.trees).to_bytes()


def with_array(name: str, place: int, value: int) -> Damaged:
    """Write ``value`` into the first array of that name: big-endian 32-bit numbers behind ``[$l#L`` and a length."""
    trees = bytearray(Artifact.read(shipped_artifact()).model)
    at = trees.index(b"[$l#L", trees.index(name.encode())) + len(b"[$l#L") + 8 + 4 * place
    trees[at : at + 4] = value.to_bytes(4, "big", signed=True)
    return Damaged(bytes(trees))


KILLING: Final[Mapping[str, Damaged]] = {
    "empty": Damaged(b""),
    "nested": Damaged(b"{L\0\0\0\0\0\0\0\x01a" * 500_000),
    "far away": with_array("left_children", 0, 2_000_000_000),
}
"""Trees that end whatever process loads them, or predicts by them."""

REFUSED: Final[Mapping[str, Damaged]] = {
    "half": Damaged(Artifact.read(shipped_artifact()).model[:100_000]),
    "not text": Damaged(b"\x9a" * 5_000),
    "back to the root": with_array("right_children", 1, 0),
    "unknown feature": with_array("split_indices", 0, 1_000),
}
"""Trees that the library or the trial refuses."""
