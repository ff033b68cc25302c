"""What a newcomer and an auditor rely on in the files around the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def test_there_is_a_lock_for_each_group() -> None:
    assert [path.name for path in REQUIREMENTS] == ["app.txt", "bench.txt", "dev.txt"]


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_a_lock_names_no_place_to_download_from(path: Path) -> None:
    assert re.findall(r"\w+://|--index-url|--extra-index-url|--find-links", path.read_text()) == []


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_locked_package_is_pinned_by_hash(path: Path) -> None:
    lines = path.read_text().splitlines()
    pins = [number for number, line in enumerate(lines) if re.match(r"[A-Za-z0-9]", line)]
    assert [lines[number] for number in pins if "==" not in lines[number]] == []
    assert [lines[number] for number in pins if "--hash=sha256:" not in lines[number + 1]] == []


def test_the_build_backend_is_locked() -> None:
    assert re.search(r"^hatchling==", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_decision_record_has_all_its_parts(path: Path) -> None:
    headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]
