"""What the cluster gives to a replica's process is known to whoever reads it: a service starts with nothing else."""

import os
from pathlib import Path

import pytest

from waqiti.cli.serve import find_service
from waqiti.contracts.catalog import DEPLOYMENTS, Deployment
from waqiti.contracts.switches import DB_POOL_MAX_SIZE, find_switch
from waqiti.foundation.clock import utc_now
from waqiti.foundation.settings import load
from waqiti.operations.cluster.postgres.access import accesses, login_roles
from waqiti.operations.cluster.postgres.limits import USUAL_CONNECTIONS, Limits
from waqiti.operations.cluster.revisions import Revision
from waqiti.operations.cluster.supervision.environment import (
    MODULES,
    PRIVATE_TARGETS,
    is_given,
    replica_environment,
)
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.state.record import Role

PROCESSES: list[tuple[Deployment, Role]] = [(row, "api") for row in DEPLOYMENTS]
PROCESSES += [(row, "worker") for row in DEPLOYMENTS if row.worker]
OPERATORS = {PRIVATE_TARGETS, MODULES}
"""What the cluster chooses a value for, and an operator may set otherwise; a switch is that too."""


def given(layout: Layout, row: Deployment, role: Role) -> dict[str, str]:
    """Return all that the cluster gives: with databases, smaller pools, and a release that is a directory."""
    layout.cluster.mkdir(exist_ok=True)
    limits = Limits(max_connections=USUAL_CONNECTIONS // 2, pool_max=2, runtime={}, readers={})
    write_document(layout.connection_limits, limits)
    passwords = dict.fromkeys(login_roles(DEPLOYMENTS), "pw")
    with pytest.MonkeyPatch.context() as nothing_inherited:
        nothing_inherited.setattr(os, "environ", {})
        return replica_environment(
            layout,
            deployment=row.name,
            replica=f"{row.name}-1",
            role=role,
            revision=Revision(number=1, parent=0, kind="release", release="a" * 64, made_at=utc_now(), actor="ana"),
            descriptors=(7, 9),
            ports={one.name: 4_000 + number for number, one in enumerate(DEPLOYMENTS)},
            base_url="http://127.0.0.1:8080",
            access=accesses("postgresql://postgres:pw@127.0.0.1:5433/postgres", DEPLOYMENTS, passwords).get(row.name),
        )


@pytest.mark.parametrize(("row", "role"), PROCESSES, ids=lambda one: getattr(one, "name", one))
def test_a_service_knows_every_variable_that_its_processes_are_given(
    row: Deployment, role: Role, tmp_path: Path
) -> None:
    told = given(Layout(tmp_path), row, role)

    settings = load(find_service(row.name).settings, told)

    assert settings.replica == f"{row.name}-1"
    assert set(settings.urls) == {one.name for one in DEPLOYMENTS}
    assert set(settings.events_urls) == set(row.reads_events_of)
    assert bool(settings.database_url) == (row.database is not None)
    assert (told.get(DB_POOL_MAX_SIZE) == "2") == (row.database is not None)


@pytest.mark.parametrize(("row", "role"), PROCESSES, ids=lambda one: getattr(one, "name", one))
def test_nobody_can_set_what_the_cluster_gives_but_what_is_for_operators(
    row: Deployment, role: Role, tmp_path: Path
) -> None:
    for name in given(Layout(tmp_path), row, role):
        assert is_given(name) or name in OPERATORS or find_switch(name), name
