"""Runs every benchmark, one after the other, each with the yardstick beside it: ``python -m bench [NAME...]``."""

import subprocess
import sys
from typing import Final

ALL: Final = ("budget", "fraud", "ledger", "payments", "scoring", "screening")


def main() -> int:
    """Run those named, all where none is; exit 1 where one of them failed."""
    wanted = sys.argv[1:] or list(ALL)
    unknown = set(wanted) - set(ALL)
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}.\n")
        return 2
    codes = [subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode for name in wanted]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
