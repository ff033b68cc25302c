"""Features of a whole stream, as arrays."""

import hashlib
import heapq
from array import array
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from waqiti.scoring.catalogue import FEATURES
from waqiti.scoring.history import History
from waqiti.scoring.movement import Movement, Party
from waqiti.scoring.training.samples import Sample

Float32s = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[str], None]

_AT: Final = attrgetter("movement.at")
_SHOWN_EVERY: Final = 100_000


class Table(msgspec.Struct, frozen=True):
    """One row per movement in the order of time.

    ``rows`` is (movements x features); ``seconds`` and ``known`` (since 1970) say when it was, and when its label
    became known; ``payers`` numbers payers.
    """

    rows: Float32s
    labels: Bools
    seconds: Ints
    known: Ints
    payers: Ints

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """Return a SHA-256 over all of it."""
        digest = hashlib.sha256()
        for part in (self.rows, self.labels, self.seconds, self.known, self.payers):
            digest.update(part.tobytes())
        return digest.hexdigest()


def tabulate(stream: Iterable[Sample], progress: Progress) -> Table:
    """Compute every movement's features from those before it, and from labels that were known by then.

    The stream may be in any order; of movements at one time those that come first count first.
    """
    samples = sorted(stream, key=_AT)
    progress(f"Read {len(samples):,} rows")
    rows, seconds, known, payers = array("f"), array("q"), array("q"), array("q")
    numbers: dict[Party, int] = {}
    history = _LabelledHistory()
    for count, sample in enumerate(samples, 1):
        rows.extend(history.features(sample))
        seconds.append(sample.movement.second)
        known.append(int(sample.known_at.timestamp()))
        payers.append(numbers.setdefault(sample.movement.payer, len(numbers)))
        if count % _SHOWN_EVERY == 0:
            progress(f"Computed features of {count:,} rows")
    labels = np.fromiter((sample.label for sample in samples), dtype=np.bool_, count=len(samples))
    matrix = np.frombuffer(rows, dtype=np.float32).reshape(-1, len(FEATURES))
    return Table(matrix, labels, _ints(seconds), _ints(known), _ints(payers))


def _ints(column: "array[int]") -> Ints:
    return np.frombuffer(column, dtype=np.int64)


class _LabelledHistory:
    """A history that learns of frauds when they become known."""

    def __init__(self) -> None:
        self._history = History()
        self._awaited: list[tuple[int, int, Movement]] = []
        self._count = 0

    def features(self, sample: Sample) -> list[float]:
        second = sample.movement.second
        while self._awaited and self._awaited[0][0] <= second:
            *_, movement = heapq.heappop(self._awaited)
            self._history.known_as_fraud(movement)
        if sample.label:
            self._count += 1
            entry = (int(sample.known_at.timestamp()), self._count, sample.movement)
            heapq.heappush(self._awaited, entry)
        return self._history.features(sample.movement)
