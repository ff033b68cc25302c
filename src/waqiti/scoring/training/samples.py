"""Labelled movements."""

from datetime import datetime
from typing import Literal

import msgspec

from waqiti.scoring.movement import Movement


class TrainingDataError(Exception):
    """Data that nothing can be learnt from; the message says where and why."""


class Sample(msgspec.Struct, frozen=True):
    """A movement, whether it was fraud (1), and when that became known."""

    movement: Movement
    label: Literal[0, 1]
    known_at: datetime
