"""``python -m waqiti.scoring.trial [--accused] < artifact``: the child that a damaged artifact may end.

It writes a report on standard output and exits with 0, or with whatever the artifact did to it.
"""

import os
import resource
import signal
import sys
from typing import Final

from waqiti.scoring.trial.report import ACCUSED, Refused, encode

_MEMORY_BYTES: Final = 2 * 1024**3
"""Of addresses; a trial uses a quarter of it."""
_CPU_SECONDS: Final = 15
_SECONDS: Final = 30
"""Longer than whoever asked waits: where that one has died, nobody else ends this process."""
_OUT: Final = 1
_ERRORS: Final = 2


def main() -> None:
    """Try what stands on standard input."""
    _bound()
    report = os.fdopen(os.dup(_OUT), "wb")
    os.dup2(_ERRORS, _OUT)  # the library prints its warnings there
    from waqiti.scoring.artifact import MOST_BYTES, ArtifactError
    from waqiti.scoring.trial.trial import tried

    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        said = encode(tried(content, with_stories=ACCUSED in sys.argv[1:]))
    except ArtifactError as error:
        said = encode(Refused(str(error)))
    with report:
        report.write(said)
    report.close()
    os._exit(0)  # what a damaged model left behind need not be taken apart


def _bound() -> None:
    signal.alarm(_SECONDS)
    for limit, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (bound, bound))


if __name__ == "__main__":
    main()
