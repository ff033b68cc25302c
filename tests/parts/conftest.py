"""Parts that PyPI alone does not bring. Without one its tests are skipped, but in CI, where that is a failure."""

import os
from pathlib import Path

import pytest

OFAC_DIR = "WAQITI_OFAC_DIR"
REQUIRED = "WAQITI_PARTS_REQUIRED"


@pytest.fixture(scope="session")
def ofac_directory() -> Path:
    """The directory with OFAC's sdn.csv and alt.csv."""
    directory = os.environ.get(OFAC_DIR)
    if directory and (Path(directory) / "sdn.csv").exists():
        return Path(directory).resolve()
    why = f"{OFAC_DIR} names no directory with the list of OFAC"
    if os.environ.get(REQUIRED):
        pytest.fail(why)
    pytest.skip(why)
