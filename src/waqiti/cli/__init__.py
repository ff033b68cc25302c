"""The command ``waqiti``: thin, and the only place that composes."""

import sys

OLDEST_PYTHON = (3, 11)


def main() -> None:
    """Run one command, and exit as the public contract says: 0 done, 1 failed, 2 wrong use, 3 refused."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(
            "Waqiti needs Python 3.11 or newer, and this is Python " + found + ": make a new .venv with a newer one"
        )

    from waqiti.cli.app import run

    sys.exit(run(sys.argv[1:]))
