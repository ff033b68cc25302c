"""Which migrations are to be applied, and which disagreements are refused."""

import pytest

from waqiti.foundation.database.migrations import (
    SHARED_PACKAGES,
    Migration,
    MigrationError,
    available,
    pending,
)

FIRST = Migration("package", "0001_first.sql", "SELECT 1")
SECOND = Migration("package", "0002_second.sql", "SELECT 2")
THIRD = Migration("package", "0003_third.sql", "SELECT 3")


def applied(*migrations: Migration) -> list[tuple[str, bytes]]:
    return [(migration.name, migration.checksum) for migration in migrations]


def test_only_files_after_the_applied_ones_are_pending() -> None:
    assert pending([FIRST, SECOND], []) == [FIRST, SECOND]
    assert pending([FIRST, SECOND], applied(FIRST)) == [SECOND]
    assert pending([FIRST, SECOND], applied(FIRST, SECOND)) == []


def test_a_changed_file_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed"):
        pending([FIRST, SECOND], [(FIRST.name, SECOND.checksum)])


def test_an_applied_file_that_is_gone_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"0001_first\.sql was applied, but its file is gone"):
        pending([SECOND], applied(FIRST))
    with pytest.raises(MigrationError, match=r"0002_second\.sql was applied, but its file is gone"):
        pending([FIRST], applied(FIRST, SECOND))


def test_a_new_file_below_an_applied_one_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"0002_second\.sql is new, but 0003_third\.sql was applied before it"):
        pending([FIRST, SECOND, THIRD], applied(FIRST, THIRD))


@pytest.mark.parametrize("package", SHARED_PACKAGES)
def test_shared_migrations_are_found_in_the_installed_package(package: str) -> None:
    assert [migration.name[:4] for migration in available(package)] == ["0001"]
