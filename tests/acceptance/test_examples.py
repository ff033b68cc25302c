"""The examples run as they stand."""

import subprocess
import sys
from pathlib import Path

from tests.support.platform import Platform

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_checkout_example_runs_and_its_figures_add_up(platform: Platform) -> None:
    finished = subprocess.run(
        [sys.executable, str(EXAMPLES / "checkout.py"), str(platform.state / "credentials.json")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    assert lines[-2].split() == ["shopper", "30.00", "EUR"]
    assert lines[-1].split() == ["shop", "19.40", "EUR"]
