"""What stops a command, in one sentence that says what to do next."""

from typing import Final

FAILED: Final = 1
WRONG_USE: Final = 2
REFUSED: Final = 3


class ClusterError(Exception):
    """A command cannot go on; ``exit_code`` is 1 (failed), 2 (wrong use) or 3 (refused by a precondition)."""

    def __init__(self, sentence: str, exit_code: int = FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
