"""``waqiti migrate``: bring the databases of deployments up to date."""

import asyncio
import os
from typing import Final

import asyncpg
import msgspec

from waqiti.cli.options import Json
from waqiti.cli.output import print_document, say
from waqiti.cli.serve import find_deployment
from waqiti.contracts.catalog import Deployment
from waqiti.operations.cluster.postgres.access import read_accesses
from waqiti.operations.cluster.postgres.migrating import migrate_all
from waqiti.operations.errors import REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout

_VARIABLE: Final = "WAQITI_MIGRATOR_URL"


class Migrated(msgspec.Struct, frozen=True):
    """What ``migrate --json`` prints: the files that were applied, by deployment."""

    applied: dict[str, list[str]]


def migrate(*names: str, json: Json = False) -> int:
    """Apply new migrations, each once, however many processes ask for it at the same time.

    The database of a single deployment may be given as WAQITI_MIGRATOR_URL; otherwise they are those of this state.

    Parameters
    ----------
    names
        The deployments.
    """
    deployments = [find_deployment(name) for name in names]
    if not deployments:
        raise ClusterError("migrate wants a deployment, such as ledger-service", WRONG_USE)
    try:
        applied = asyncio.run(migrate_all(deployments, _urls(deployments)))
    except (OSError, TimeoutError) as error:
        raise ClusterError(f"The database does not answer ({error}): waqiti up starts it") from error
    except asyncpg.PostgresError as error:
        raise ClusterError(f"The migration failed: {error}") from error
    if json:
        print_document(Migrated(applied))
    else:
        for name, files in applied.items():
            say(f"{name}: {', '.join(files) or 'nothing new'}")
    return 0


def _urls(deployments: list[Deployment]) -> dict[str, str]:
    for row in deployments:
        if row.database is None:
            raise ClusterError(f"{row.name} has no database", WRONG_USE)
    given = os.environ.get(_VARIABLE)
    if given:
        if len(deployments) > 1:
            raise ClusterError(f"{_VARIABLE} is the database of one deployment: name only that one", WRONG_USE)
        return {deployments[0].name: given}
    known = read_accesses(Layout.of(None))
    missing = [row.name for row in deployments if row.name not in known]
    if missing:
        raise ClusterError(f"No database of {', '.join(missing)} is known: waqiti up makes it", REFUSED)
    return {row.name: known[row.name].migrator for row in deployments}
