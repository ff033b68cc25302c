"""Versions of models."""

import pytest

from waqiti.services.ml.domain.versions import Number, Release


@pytest.mark.parametrize(
    ("newest", "release", "version"),
    [
        (None, "patch", "v1.0.0"),
        (None, "minor", "v1.0.0"),
        (Number(1, 0, 0), "patch", "v1.0.1"),
        (Number(1, 2, 3), "patch", "v1.2.4"),
        (Number(1, 2, 3), "minor", "v1.3.0"),
    ],
)
def test_the_next_version_is_above_the_newest(newest: Number | None, release: Release, version: str) -> None:
    found = Number.after(newest, release)

    assert str(found) == version
    assert newest is None or found > newest
