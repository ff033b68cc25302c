"""The examples run as they stand, those of the guide to the client too."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.people import People
from tests.support.platform import Platform, free_port

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
GUIDE = (ROOT / "docs/guides/python-client.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def run(example: str, credentials: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / example), str(credentials)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_checkout_example_runs_and_its_figures_add_up(platform: Platform) -> None:
    finished = run("checkout.py", platform.state / "credentials.json")

    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    assert lines[-2].split() == ["shopper", "30.00", "EUR"]
    assert lines[-1].split() == ["shop", "19.40", "EUR"]


def test_the_receiver_of_webhooks_is_told_of_a_payment_and_its_refund(platform: Platform) -> None:
    finished = run("webhook_receiver.py", platform.state / "credentials.json")

    assert finished.returncode == 0, finished.stderr
    told = sorted(line.split()[1:] for line in finished.stdout.splitlines())
    assert told == [
        ["payment.captured", "40.00", "EUR", "kept"],
        ["payment.partially_refunded", "30.00", "EUR", "kept"],
    ]


@pytest.mark.parametrize("example", ["checkout.py", "webhook_receiver.py"])
def test_an_example_says_in_a_sentence_that_there_is_no_platform(tmp_path: Path, example: str) -> None:
    stopped = tmp_path / "credentials.json"
    stopped.write_text(json.dumps({"base_url": f"http://127.0.0.1:{free_port()}", "api_key": "wq_api_key"}))

    for credentials, sentence in ((tmp_path / "none.json", "no platform here yet"), (stopped, "does not answer")):
        finished = run(example, credentials)

        assert finished.returncode == 1
        assert sentence in finished.stderr
        assert len(finished.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_the_programs_of_the_guide_to_the_client_run(
    platform: Platform, people: People, tmp_path: Path, number: int
) -> None:
    people.wallet(funds=1_000)
    (tmp_path / ".waqiti").symlink_to(platform.state)
    program = tmp_path / "program.py"
    program.write_text(PROGRAMS[number])

    finished = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert finished.returncode == 0, finished.stderr
    if number == 0:
        assert finished.stdout.splitlines()[1:] == ["captured None", "37.50 EUR"]
