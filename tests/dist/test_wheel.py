"""The built wheel in a clean venv: what a user gets who never sees the checkout. Run by ``make dist``."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


@pytest.fixture(scope="module")
def wheel() -> Path:
    wheels = list((ROOT / "dist").glob("waqiti-*.whl"))
    assert len(wheels) == 1, "make dist builds the wheel before it runs this"
    return wheels[0]


@pytest.fixture(scope="module")
def bin_directory(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv with the locked packages and the wheel, and nothing else."""
    venv = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements" / "app.txt"], check=True)
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    return venv / "bin"


@pytest.fixture(scope="module")
def elsewhere(bin_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory outside the checkout, whose platform is gone afterwards."""
    directory = tmp_path_factory.mktemp("elsewhere")
    yield directory
    subprocess.run([bin_directory / "waqiti", "down", "--wipe", "--state", directory / "state"], check=True)


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    sources = {
        str(path.relative_to(SOURCE))
        for path in (SOURCE / "waqiti").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("waqiti/")}
    assert packed == sources


def test_the_platform_starts_from_the_wheel(bin_directory: Path, elsewhere: Path) -> None:
    state: list[str | Path] = ["--state", elsewhere / "state"]
    subprocess.run([bin_directory / "waqiti", "up", "-d", "--port", "18480", *state], cwd=elsewhere, check=True)
    subprocess.run([bin_directory / "waqiti", "status", *state], cwd=elsewhere, check=True)


def test_the_dependencies_agree_with_each_other(bin_directory: Path) -> None:
    subprocess.run([bin_directory / "python", "-m", "pip", "check"], check=True)
