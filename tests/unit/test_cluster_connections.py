"""How PostgreSQL's connections are divided, and what is said to whoever wants more than there are."""

from pathlib import Path

import pytest

from waqiti.contracts.catalog import (
    COMPLIANCE,
    DEPLOYMENTS,
    FRAUD,
    GATEWAY,
    LEDGER,
    ML,
    NOTIFICATION,
    PAYMENT,
    WALLET,
    deployment,
)
from waqiti.contracts.switches import DB_POOL_MAX_SIZE
from waqiti.foundation.clock import utc_now
from waqiti.foundation.switches.file import LiveSwitch, SwitchFile
from waqiti.operations.cluster.postgres.budget import check_budget, lacking
from waqiti.operations.cluster.postgres.limits import NEEDS, limits_on, replica_connections
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import write_document
from waqiti.operations.state.layout import Layout

SCALABLE_TO = {PAYMENT: 4, LEDGER: 3, FRAUD: 3, COMPLIANCE: 3, WALLET: 3, NOTIFICATION: 2, ML: 2, GATEWAY: 100}
POOL = 4
POSTGRESQLS_OWN = 100


def state(directory: Path, max_connections: int = 300) -> Layout:
    layout = Layout(directory)
    layout.cluster.mkdir()
    write_document(layout.connection_limits, limits_on(DEPLOYMENTS, max_connections))
    return layout


def test_every_deployment_with_a_database_says_what_its_replicas_hold() -> None:
    assert set(NEEDS) == {row.name for row in DEPLOYMENTS if row.database is not None}
    assert all(row.reads_events_of for row in DEPLOYMENTS if row.name in NEEDS and NEEDS[row.name].readers)


@pytest.mark.parametrize("allowed", [73, POSTGRESQLS_OWN, 101, 150, 200, 299, 300])
def test_limits_leave_room_for_others_on_every_size_of_server(allowed: int) -> None:
    limits = limits_on(DEPLOYMENTS, allowed)

    total = sum(limits.runtime.values()) + sum(limits.readers.values())
    assert total <= allowed - 20
    assert total < 280
    for name, limit in limits.runtime.items():
        replica = replica_connections(deployment(name), limits.pool_max)
        assert limit >= replica + replica_connections(deployment(name), 1), "a replica, and one that begins"


@pytest.mark.parametrize(("allowed", "pool_max"), [(73, 1), (POSTGRESQLS_OWN, 3), (112, 4), (300, 4), (5_000, 4)])
def test_pools_are_smaller_on_a_server_without_room_for_the_usual_ones(allowed: int, pool_max: int) -> None:
    assert limits_on(DEPLOYMENTS, allowed).pool_max == pool_max


def test_payments_have_most_and_models_least() -> None:
    runtime = limits_on(DEPLOYMENTS, 300).runtime

    assert max(runtime, key=lambda name: runtime[name]) == PAYMENT
    assert min(runtime, key=lambda name: runtime[name]) == ML


def test_a_larger_server_gives_more_but_not_all_that_it_has() -> None:
    def total(max_connections: int) -> int:
        limits = limits_on(DEPLOYMENTS, max_connections)
        return sum(limits.runtime.values()) + sum(limits.readers.values())

    usual, larger, huge = total(300), total(400), total(5_000)
    assert usual < larger < huge <= 2 * usual


def test_a_server_without_room_for_the_smallest_pools_is_refused_with_the_figure_that_does() -> None:
    with pytest.raises(ClusterError, match=r"allows 72 connections: set max_connections to 300 \(at least 73\)") as no:
        limits_on(DEPLOYMENTS, 72)

    assert no.value.exit_code == 3


@pytest.mark.parametrize(("name", "replicas"), SCALABLE_TO.items())
def test_wanted_replicas_fit_with_usual_pools(tmp_path: Path, name: str, replicas: int) -> None:
    check_budget(state(tmp_path), name, replicas)


def test_too_many_replicas_are_refused_with_the_figures_and_what_would_do(tmp_path: Path) -> None:
    with pytest.raises(ClusterError) as refused:
        check_budget(state(tmp_path), PAYMENT, 5)

    assert refused.value.exit_code == 3
    assert str(refused.value) == (
        "payment-service with 5 replicas and DB_POOL_MAX_SIZE 4 may hold 78 connections (13 each, and one replica more "
        "while they are replaced), and PostgreSQL allows it 65: what fits is 4 replicas or DB_POOL_MAX_SIZE 2"
    )
    check_budget(Layout(tmp_path), PAYMENT, 5, pool_max=2)


def test_readers_of_events_count_too(tmp_path: Path) -> None:
    layout = state(tmp_path)

    assert lacking(layout, NOTIFICATION, 3, pool_max=1) == (
        "notification-service with 3 replicas, reading events, may hold 8 connections (2 each, and one replica more "
        "while they are replaced), and PostgreSQL allows it 6: what fits is 2 replicas"
    )


def test_a_live_pool_size_counts_unless_another_is_asked_for(tmp_path: Path) -> None:
    layout = state(tmp_path)
    live = LiveSwitch(
        name=DB_POOL_MAX_SIZE, service=WALLET, value=8, revision=1, owner="ana", reason="Peak.", set_at=utc_now()
    )
    write_document(layout.switches, SwitchFile(1, (live,)))

    with pytest.raises(ClusterError, match=r"DB_POOL_MAX_SIZE 8 may hold 48 connections .* what fits is 1 replica or"):
        check_budget(layout, WALLET, 2)
    check_budget(layout, WALLET, 2, pool_max=POOL)


def test_one_replica_is_allowed_on_every_server_and_what_no_size_mends_names_the_server(tmp_path: Path) -> None:
    layout = state(tmp_path, POSTGRESQLS_OWN)

    for row in DEPLOYMENTS:
        check_budget(layout, row.name, 1)
    with pytest.raises(ClusterError, match=r"PostgreSQL allows it 16: raise max_connections of the server"):
        check_budget(layout, PAYMENT, 9)


def test_before_the_first_start_a_server_of_the_usual_size_is_assumed(tmp_path: Path) -> None:
    check_budget(Layout(tmp_path), PAYMENT, 4)
    with pytest.raises(ClusterError, match="what fits is 4 replicas"):
        check_budget(Layout(tmp_path), PAYMENT, 5)
