"""Whether the replicas of a deployment find room on the server, from files alone: no PostgreSQL is asked."""

import os
from collections.abc import Iterable
from typing import Final

from waqiti.contracts.catalog import DEPLOYMENTS, Deployment
from waqiti.contracts.switches import DB_POOL_MAX_SIZE, Switch, find_switch
from waqiti.operations.cluster.postgres.limits import (
    COMMANDS,
    NEEDS,
    USUAL_CONNECTIONS,
    Limits,
    default_pool_max,
    limits_on,
    processes_of,
    replica_connections,
)
from waqiti.operations.cluster.specification import Specification, read_specification
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.files import read_document
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.present import live_in, published, standing
from waqiti.operations.switches.values import value_in

_SURGE: Final = 1


def check_budget(layout: Layout, name: str, replicas: int, pool_max: int | None = None) -> None:
    """Make sure that so many replicas of a deployment find room on the server, and one more while they are replaced.

    ``pool_max`` is the size of their pools; otherwise it is what the deployment follows now. One replica is what every
    server has room for. It is for whoever wants more of something: fewer replicas are never too many.

    Raises:
        ClusterError: they do not (exit code 3); the sentence says what would.
    """
    lack = lacking(layout, name, replicas, pool_max) if replicas > 1 else None
    if lack is not None:
        raise ClusterError(lack, REFUSED)


def check_change(layout: Layout, former: Specification, spec: Specification) -> None:
    """Make sure that a changed deployment finds room where it has more replicas than before, or larger pools.

    A rollout that is under way may be given up: then the pools of what served before it are in force again.

    Raises:
        ClusterError: it does not (exit code 3); the sentence says what would.
    """
    if spec.revision == former.revision and spec.desired <= former.desired:
        return
    before, after = (_pool_set(layout, one, one.revision) for one in (former, spec))
    if after > before:
        check_budget(layout, spec.name, spec.desired, after)
    elif spec.desired > former.desired:
        settled = _pool_set(layout, spec, spec.settled.revision) if spec.rolling else after
        check_budget(layout, spec.name, spec.desired, _live_pool(layout, spec.name) or max(after, settled))


def lacking(layout: Layout, name: str, replicas: int, pool_max: int | None = None) -> str | None:
    """Say by how much a deployment's replicas exceed their connections, and what fits; None where they do.

    Raises:
        ClusterError: the limits that the last start wrote cannot be read.
    """
    row = next((row for row in DEPLOYMENTS if row.name == name), None)
    if row is None or row.database is None:
        return None
    limits, pool_max = _limits(layout), pool_max or _pool_max(layout, name)
    return _service_lacks(row, limits, replicas, pool_max) or _readers_lack(row, limits, replicas)


def notes_on_budget(layout: Layout, services: Iterable[str]) -> tuple[str, ...]:
    """Say so where the pools of the present replicas may need more connections than PostgreSQL allows them."""
    specifications = (read_specification(layout, service) for service in services)
    present = {spec.name: spec.desired for spec in specifications if spec is not None}
    found = [lacking(layout, service, desired) for service, desired in present.items() if desired > 0]
    return tuple(sentence for sentence in found if sentence is not None)


def _service_lacks(row: Deployment, limits: Limits, replicas: int, pool_max: int) -> str | None:
    allowed, each = limits.runtime[row.name] - COMMANDS, replica_connections(row, pool_max)
    if (replicas + _SURGE) * each <= allowed:
        return None
    beside_pools = replica_connections(row, 0)
    smaller = (allowed // (replicas + _SURGE) - beside_pools) // processes_of(row)
    what = f"{row.name} with {_replicas(replicas)} and {DB_POOL_MAX_SIZE} {pool_max}"
    return _sentence(what, replicas, each, allowed, smaller)


def _readers_lack(row: Deployment, limits: Limits, replicas: int) -> str | None:
    each, allowed = NEEDS[row.name].readers, limits.readers.get(row.name, 0)
    if (replicas + _SURGE) * each <= allowed:
        return None
    return _sentence(f"{row.name} with {_replicas(replicas)}, reading events,", replicas, each, allowed, 0)


def _sentence(what: str, replicas: int, each: int, allowed: int, smaller_pool: int) -> str:
    fits = [_replicas(fewer)] if (fewer := allowed // each - _SURGE) > 0 else []
    fits += [f"{DB_POOL_MAX_SIZE} {smaller_pool}"] if smaller_pool > 0 else []
    instead = f"what fits is {' or '.join(fits)}" if fits else "raise max_connections of the server"
    return (
        f"{what} may hold {(replicas + _SURGE) * each} connections ({each} each, and one replica more while they are "
        f"replaced), and PostgreSQL allows it {allowed}: {instead}"
    )


def _replicas(count: int) -> str:
    return "1 replica" if count == 1 else f"{count} replicas"


def _limits(layout: Layout) -> Limits:
    written = read_document(layout.connection_limits, Limits)
    return written if written is not None else limits_on(DEPLOYMENTS, USUAL_CONNECTIONS)


def _pool_set(layout: Layout, spec: Specification, revision: int) -> int:
    """Return the size of pools that replicas of a revision begin with, as their environment is made."""
    text = spec.numbered(revision).environment.get(DB_POOL_MAX_SIZE) or os.environ.get(DB_POOL_MAX_SIZE, "")
    value = value_in(_pool_switch(), text)
    return value if isinstance(value, int) else _limits(layout).pool_max


def _live_pool(layout: Layout, name: str) -> int | None:
    live = live_in(published(layout), DB_POOL_MAX_SIZE, name)
    return live.value if live is not None and isinstance(live.value, int) else None


def _pool_max(layout: Layout, name: str) -> int:
    value = standing(layout, _pool_switch(), name)
    return value if isinstance(value, int) else default_pool_max()


def _pool_switch() -> Switch:
    switch = find_switch(DB_POOL_MAX_SIZE)
    assert switch is not None
    return switch
