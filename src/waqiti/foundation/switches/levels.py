"""LOG_LEVEL, followed."""

import logging

from waqiti.foundation.settings import Settings


class LevelFollower:
    """Sets the root logger's level when the switch changes, and only then: an operator may have set it otherwise."""

    def __init__(self, started_with: str) -> None:
        self._level = started_with.upper()

    def __call__(self, settings: Settings) -> None:
        level = settings.log_level.upper()
        if level != self._level:
            self._level = level
            logging.getLogger().setLevel(level)
