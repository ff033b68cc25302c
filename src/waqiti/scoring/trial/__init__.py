"""Trying an artifact in a process of its own, before any process that serves loads it.

Trees are read and walked by native code, which damaged ones may lead anywhere: past the end of memory, into an endless
loop, or to an abort. A hash says that bytes are those that were sent, not that they are trees.
"""

from waqiti.scoring.trial.library import library
from waqiti.scoring.trial.report import Passed, Refused
from waqiti.scoring.trial.trying import tried

__all__ = ["Passed", "Refused", "library", "tried"]
