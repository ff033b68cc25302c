"""What a replica's process is told through its environment."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from waqiti.contracts.catalog import NOTIFICATION
from waqiti.contracts.switches import DB_POOL_MAX_SIZE
from waqiti.foundation.settings import EVENTS_PREFIX, PREFIX, URL_PREFIX, events_variable, variable_name
from waqiti.operations.cluster.postgres.access import DatabaseAccess
from waqiti.operations.cluster.postgres.limits import Limits, default_pool_max
from waqiti.operations.cluster.revisions import Revision
from waqiti.operations.cluster.specification import is_directory
from waqiti.operations.state.files import read_document
from waqiti.operations.state.layout import VARIABLE, Layout
from waqiti.operations.state.record import Role

REPLICA: Final = "WAQITI_REPLICA"
PRIVATE_TARGETS: Final = "WAQITI_WEBHOOK_PRIVATE_TARGETS"
"""The one variable of a service that is the operator's own, as it stood when the platform was started."""

MODULES: Final = "PYTHONPATH"
_GIVEN: Final = frozenset(
    {
        VARIABLE,
        REPLICA,
        "WAQITI_RELEASE",
        "WAQITI_LISTEN_FDS",
        "WAQITI_HANDOVER_SOCKET",
        "WAQITI_PORT",
        "WAQITI_HEARTBEAT_FILE",
        "WAQITI_SWITCHES_FILE",
        "WAQITI_SWITCHES_APPLIED_FILE",
        "PROMETHEUS_MULTIPROC_DIR",
        "WAQITI_KEYS_FILE",
        "WAQITI_BASE_URL",
        "WAQITI_TOKEN_KEY_FILE",
        "WAQITI_TOKEN_PUBLIC_FILE",
        "WAQITI_WEBHOOK_KEY_FILE",
        "WAQITI_DATABASE_URL",
        "WAQITI_MIGRATOR_URL",
    }
)
_GIVEN_PREFIXES: Final = (URL_PREFIX, EVENTS_PREFIX)


def is_given(name: str) -> bool:
    """Say whether the cluster itself gives a variable to its replicas, so that nobody else can."""
    return name in _GIVEN or name.startswith(_GIVEN_PREFIXES)


def inherited() -> dict[str, str]:
    """Return this process's environment without Waqiti's own variables, but with those that are the operator's."""
    return _without_ours() | _said_about_webhooks()


def replica_environment(
    layout: Layout,
    *,
    deployment: str,
    replica: str,
    role: Role,
    revision: Revision,
    descriptors: Sequence[int],
    ports: Mapping[str, int],
    base_url: str,
    access: DatabaseAccess | None,
) -> dict[str, str]:
    """Return the whole environment of one process of a replica; ``ports`` are the shared ones, by deployment.

    ``base_url`` is the public address of the platform, ``access`` what the deployment may reach of databases. What was
    set for the deployment beats what is inherited; modules of a release that is a directory are found before any other.
    """
    own = {
        VARIABLE: str(layout.root),
        REPLICA: replica,
        "WAQITI_RELEASE": revision.release,
        "WAQITI_LISTEN_FDS": ",".join(map(str, descriptors)),
        "WAQITI_HANDOVER_SOCKET": str(layout.handover(replica)),
        "WAQITI_HEARTBEAT_FILE": str(layout.heartbeat(replica, role)),
        "WAQITI_SWITCHES_FILE": str(layout.switches),
        "WAQITI_SWITCHES_APPLIED_FILE": str(layout.switches_applied(replica, role)),
        "PROMETHEUS_MULTIPROC_DIR": str(layout.metrics(replica)),
        "WAQITI_KEYS_FILE": str(layout.keys),
        "WAQITI_BASE_URL": base_url,
        "WAQITI_TOKEN_KEY_FILE": str(layout.token_key(deployment)),
        "WAQITI_TOKEN_PUBLIC_FILE": str(layout.token_public_keys),
    }
    urls = {variable_name(name): f"http://127.0.0.1:{port}" for name, port in ports.items()}
    webhooks = _webhooks(layout) if deployment == NOTIFICATION else {}
    pools = _pools(layout) if access is not None else {}
    chosen = pools | _without_ours() | webhooks | revision.environment
    return chosen | _modules(layout, revision.release, chosen) | own | urls | _databases(access)


def _modules(layout: Layout, release: str, chosen: Mapping[str, str]) -> dict[str, str]:
    if not is_directory(release):
        return {}
    return {MODULES: os.pathsep.join(filter(None, (str(layout.release(release)), chosen.get(MODULES))))}


def supervised_by(environment: Mapping[str, str], root: Path) -> bool:
    """Return whether a process with this environment is a replica of the cluster in ``root``."""
    return REPLICA in environment and environment.get(VARIABLE) == str(root)


def _without_ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _said_about_webhooks() -> dict[str, str]:
    return {PRIVATE_TARGETS: os.environ[PRIVATE_TARGETS]} if PRIVATE_TARGETS in os.environ else {}


def _webhooks(layout: Layout) -> dict[str, str]:
    """Whatever runs beside the platform is on loopback, and so are the receivers of who tries it, unless told else."""
    return {"WAQITI_WEBHOOK_KEY_FILE": str(layout.webhook_key), PRIVATE_TARGETS: "true"} | _said_about_webhooks()


def _databases(access: DatabaseAccess | None) -> dict[str, str]:
    if access is None:
        return {}
    events = {events_variable(producer): url for producer, url in access.events.items()}
    return {"WAQITI_DATABASE_URL": access.runtime} | events


def _pools(layout: Layout) -> dict[str, str]:
    """Pools are smaller than usual on a server that has no room for the usual ones, unless the operator says else."""
    limits = read_document(layout.connection_limits, Limits)
    if limits is None or limits.pool_max == default_pool_max() or DB_POOL_MAX_SIZE in os.environ:
        return {}
    return {DB_POOL_MAX_SIZE: str(limits.pool_max)}
