"""Scoring movements of money: features from folded history, and the model over them.

Features are the same code online, where history is stored, and offline, where it is folded from a file. All but
``scoring.training`` and ``scoring.trial`` is pure: no clock, no input or output.
"""

from waqiti.scoring.catalogue import FEATURES, NAMES, REASONS, Feature, ReasonCode, fingerprint
from waqiti.scoring.history import CustomerKey, History, PairKey, features
from waqiti.scoring.movement import Movement, MovementKind, Party
from waqiti.scoring.state import CustomerState, PairState

__all__ = [
    "FEATURES",
    "NAMES",
    "REASONS",
    "CustomerKey",
    "CustomerState",
    "Feature",
    "History",
    "Movement",
    "MovementKind",
    "PairKey",
    "PairState",
    "Party",
    "ReasonCode",
    "features",
    "fingerprint",
]
