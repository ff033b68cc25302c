"""Which migrations a deployment's database gets, applied to several databases at once."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

from waqiti.contracts.catalog import Deployment
from waqiti.foundation.database.migrations import SHARED_PACKAGES, MigrationError, migrate
from waqiti.operations.errors import ClusterError

# From the first release on applied migrations never change, and this sentence goes.
_OF_ANOTHER_COMMIT: Final = (
    "Nothing is released yet, and states of earlier commits are not read: waqiti down --wipe removes this one"
)


def packages_of(deployment: Deployment) -> list[str]:
    """List the packages whose migrations a deployment's database needs: the foundation's, then its own."""
    return [package for package in (*SHARED_PACKAGES, deployment.package) if _has_migrations(package)]


async def migrate_all(deployments: Sequence[Deployment], migrator_urls: Mapping[str, str]) -> dict[str, list[str]]:
    """Apply what is new to the database of each deployment, side by side; return the applied files by deployment.

    Raises:
        ClusterError: a database and the files do not fit together; the sentence names both.
    """
    applied = await asyncio.gather(*(_migrate(row, migrator_urls[row.name]) for row in deployments))
    return dict(zip([row.name for row in deployments], applied, strict=True))


async def _migrate(deployment: Deployment, url: str) -> list[str]:
    try:
        return await migrate(url, packages_of(deployment))
    except MigrationError as error:
        raise ClusterError(f"{deployment.name}: {error}. {_OF_ANOTHER_COMMIT}") from error


def _has_migrations(package: str) -> bool:
    try:
        return (resources.files(package) / "migrations").is_dir()
    except (ModuleNotFoundError, TypeError):
        # A module that is no package has no files of its own.
        return False
