"""The plan that ``waqiti up`` makes: what shall run, decided by its options and by what ran here before."""

import sys
from typing import Final
from urllib.parse import urlsplit

import waqiti
from waqiti.contracts.catalog import DEPLOYMENTS, GATEWAY, Deployment
from waqiti.operations.errors import REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import Plan, PlannedDeployment, PlannedPostgres

DEFAULT_PORT: Final = 8080
_PACKAGE: Final = "waqiti.operations.cluster"


def plan_platform(layout: Layout, former: Plan | None, *, port: int | None, postgres_url: str | None) -> Plan:
    """Decide what shall run; an option that is not given keeps the value that it had here before.

    Raises:
        ClusterError: an option cannot be, or the data of this state is on another kind of server.
    """
    chosen_port = port if port is not None else _former_port(former)
    return Plan(
        base_url=f"http://127.0.0.1:{chosen_port}",
        deployments=tuple(_planned(row, chosen_port) for row in DEPLOYMENTS),
        serve=python_module("waqiti", "serve"),
        supervisor=python_module(f"{_PACKAGE}.supervision.supervisor", str(layout.root)),
        prepare=python_module(f"{_PACKAGE}.prepare"),
        postgres=_postgres(layout, former, postgres_url),
        release=waqiti.__version__,
    )


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs a module with this interpreter, never one from the working directory."""
    return (sys.executable, "-P", "-m", module, *arguments)


def _planned(row: Deployment, gateway_port: int) -> PlannedDeployment:
    return PlannedDeployment(
        name=row.name,
        roles=("api", "worker") if row.worker else ("api",),
        start_order=row.start_order,
        public_port=gateway_port if row.name == GATEWAY else None,
    )


def _former_port(former: Plan | None) -> int:
    return (urlsplit(former.base_url).port or DEFAULT_PORT) if former else DEFAULT_PORT


def _postgres(layout: Layout, former: Plan | None, url: str | None) -> PlannedPostgres:
    before = former.postgres if former else None
    if url is not None and not _is_server(url):
        raise ClusterError(
            "--postgres wants an administrator's URL: postgresql://user:password@host:port/database", WRONG_USE
        )
    if before is None:
        return PlannedPostgres(url=url)
    if url is not None and before.url is None:
        raise ClusterError(
            f"The data of {layout.root} is in the embedded PostgreSQL: choose another --state for another server",
            REFUSED,
        )
    return PlannedPostgres(url=url or before.url)


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        return parts.scheme in {"postgresql", "postgres"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
