"""What one member owns, and how far each partition was handed out. No I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from waqiti.foundation.events.model import Batch, Event, Span
from waqiti.foundation.events.store import Mark

WIND_DOWN_SECONDS: Final = 5.0
"""How long a member waits for its own batches before it gives a partition up; the epoch fences what is left."""


class _Holding:
    __slots__ = ("epoch", "position", "winding_down_since")

    def __init__(self, epoch: int, position: int) -> None:
        self.epoch = epoch
        self.position: int | None = position
        self.winding_down_since: float | None = None


class Holdings:
    """The partitions of one member: epoch, and the next offset to hand out (unknown after a refused mark)."""

    def __init__(self) -> None:
        self._held: dict[int, _Holding] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._held)

    def partitions(self) -> list[int]:
        """Return the numbers of all partitions held."""
        return sorted(self._held)

    def owns(self, mark: Mark) -> bool:
        """Tell whether ``mark`` was made under an ownership that is still ours."""
        holding = self._held.get(mark.partition)
        return holding is not None and holding.epoch == mark.epoch

    def add(self, marks: Iterable[Mark]) -> None:
        """Own the partitions of ``marks`` from now on."""
        for mark in marks:
            assert mark.partition not in self._held, f"partition {mark.partition} is held already"
            self._held[mark.partition] = _Holding(mark.epoch, mark.offset)

    def remove(self, partitions: Iterable[int]) -> None:
        """Own ``partitions`` no longer."""
        for partition in partitions:
            del self._held[partition]

    def clear(self) -> None:
        """Own nothing."""
        self._held.clear()

    def wind_down(self, count: int, now: float) -> None:
        """Hand out no more from ``count`` partitions, so that they can be given up; 0 takes it back for all."""
        already_first = sorted(self._held, key=lambda partition: self._held[partition].winding_down_since is None)
        chosen = already_first[:count]
        for partition, holding in self._held.items():
            if partition not in chosen:
                holding.winding_down_since = None
            elif holding.winding_down_since is None:
                holding.winding_down_since = now

    def settled(self, marks: Sequence[Mark], now: float) -> list[int]:
        """Return the partitions to give up: all that was handed out is committed, or that has taken too long."""
        committed = {mark.partition: mark.offset for mark in marks}
        return [
            partition
            for partition, holding in self._held.items()
            if holding.winding_down_since is not None
            and (
                holding.position in (None, committed.get(partition))
                or now - holding.winding_down_since > WIND_DOWN_SECONDS
            )
        ]

    def positions(self) -> dict[int, int]:
        """Return where to read on: partition, next offset."""
        return {
            partition: holding.position
            for partition, holding in self._held.items()
            if holding.position is not None and holding.winding_down_since is None
        }

    def uncertain(self) -> bool:
        """Tell whether positions have to be read from the marks again."""
        return any(holding.position is None for holding in self._held.values())

    def settle(self, marks: Sequence[Mark]) -> bool:
        """Go on from ``marks`` where the position is unknown; False where somebody else has taken a partition over."""
        known = {mark.partition: mark for mark in marks}
        for partition, holding in self._held.items():
            if holding.position is None:
                mark = known[partition]
                if mark.epoch != holding.epoch:
                    return False
                holding.position = mark.offset
        return True

    def hand_out(self, events: Sequence[Event], asked: Mapping[int, int], max_events: int) -> Batch | None:
        """Make a batch of what was read from ``asked``, up to ``max_events``; another partition comes first each time.

        Parts that changed hands while they were read are left out.
        """
        kept: list[Event] = []
        spans: list[Span] = []
        for partition, found in self._in_turn(events):
            part = found[: max_events - len(kept)]
            holding = self._held.get(partition)
            if part and holding is not None and holding.position == asked[partition]:
                spans.append(self._advance(partition, holding, part))
                kept.extend(part)
        return Batch(kept, tuple(spans)) if kept else None

    def _in_turn(self, events: Sequence[Event]) -> list[tuple[int, list[Event]]]:
        parts = [(partition, list(part)) for partition, part in groupby(events, attrgetter("partition"))]
        if not parts:
            return parts
        self._turn += 1
        first = self._turn % len(parts)
        return parts[first:] + parts[:first]

    def _advance(self, partition: int, holding: _Holding, part: list[Event]) -> Span:
        first, after = part[0].offset, part[-1].offset + 1
        assert first == holding.position, f"partition {partition} has a gap before {first}"
        assert after - first == len(part), f"partition {partition} has a gap between {first} and {after}"
        holding.position = after
        return Span(partition, holding.epoch, first, after)

    def go_back(self, batch: Batch) -> None:
        """Hand ``batch`` out again."""
        for holding, span in self._of(batch):
            if holding.position is not None:
                holding.position = min(holding.position, span.first)

    def doubt(self, batch: Batch) -> None:
        """Read the marks of the partitions of ``batch`` before anything is handed out again."""
        for holding, _ in self._of(batch):
            holding.position = None

    def _of(self, batch: Batch) -> Iterator[tuple[_Holding, Span]]:
        for span in batch.spans:
            holding = self._held.get(span.partition)
            if holding is not None and holding.epoch == span.epoch:
                yield holding, span
