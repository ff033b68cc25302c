"""How many connections each role may hold: enough for the replicas that its deployment shall be able to have."""

from collections.abc import Sequence
from typing import Final

import msgspec

from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, ML, NOTIFICATION, PAYMENT, WALLET, Deployment
from waqiti.contracts.switches import DB_POOL_MAX_SIZE, find_switch
from waqiti.operations.errors import REFUSED, ClusterError

COMMANDS: Final = 2
"""Connections of commands, such as ``waqiti ledger verify``, that read a service's database as the service."""

USUAL_CONNECTIONS: Final = 300
"""What our own server allows, and what one that is not ours is asked to."""

# Of these 8 are reserved and 12 are left to migrations, operations and administrators.
_KEPT_BACK: Final = 20
# On a server that allows more, roles get up to as much again: it may be others' as well.
_MOST_FOLD: Final = 2


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a replica holds open beside a pool in each of its processes, and how many ``replicas`` shall find room.

    ``api`` and ``worker`` are connections of their own that these processes hold as the service, to listen, to hint or
    to claim; ``readers`` those that a replica holds to read its producers' events.
    """

    replicas: int
    api: int = 0
    worker: int = 0
    readers: int = 0


NEEDS: Final = {
    LEDGER: Needs(replicas=3),
    COMPLIANCE: Needs(replicas=3, worker=1, readers=2),
    FRAUD: Needs(replicas=3, worker=1, readers=2),
    WALLET: Needs(replicas=3),
    PAYMENT: Needs(replicas=4, api=2, worker=3),
    NOTIFICATION: Needs(replicas=2, worker=1, readers=2),
    ML: Needs(replicas=2, api=1),
}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the roles that each deployment connects as, on a server of ``max_connections``.

    A leak in one service leaves the others theirs: on a server of 300 their sum stays below 280. ``pool_max`` is the
    size of pools that nobody has set.
    """

    max_connections: int
    pool_max: int
    runtime: dict[str, int]
    readers: dict[str, int]


def limits_on(deployments: Sequence[Deployment], max_connections: int) -> Limits:
    """Divide a server's connections, with the usual pools or the largest smaller ones that it has room for.

    Everybody gets what one replica holds and its successor begins with; what is left is shared by how much more the
    wanted replicas hold.

    Raises:
        ClusterError: there are too few even for pools of one connection.
    """
    owners = [row for row in deployments if row.database is not None]
    wanted = sum(_wanted(row) + _wanted_readers(row) for row in owners)
    budget = min(max_connections - _KEPT_BACK, _MOST_FOLD * wanted)
    pool_max = next((size for size in range(default_pool_max(), 0, -1) if _least_sum(owners, size) <= budget), None)
    if pool_max is None:
        raise ClusterError(
            f"The PostgreSQL server allows {max_connections} connections: set max_connections to {USUAL_CONNECTIONS} "
            f"(at least {_least_sum(owners, 1) + _KEPT_BACK}) and restart it",
            REFUSED,
        )
    least = _least_sum(owners, pool_max)

    def share(first: int, whole: int) -> int:
        return first + (whole - first) * (budget - least) // max(wanted - least, 1)

    return Limits(
        max_connections=max_connections,
        pool_max=pool_max,
        runtime={row.name: share(_least(row, pool_max), _wanted(row)) for row in owners},
        readers={row.name: share(_least_readers(row), _wanted_readers(row)) for row in owners if row.reads_events_of},
    )


def replica_connections(row: Deployment, pool_max: int) -> int:
    """Return how many connections a replica may hold as its service, with pools of ``pool_max``."""
    needs = NEEDS[row.name]
    return processes_of(row) * pool_max + needs.api + needs.worker


def processes_of(row: Deployment) -> int:
    """Return how many processes a replica has, each with a pool of its own."""
    return 2 if row.worker else 1


def default_pool_max() -> int:
    """Return the size of a pool that nobody has set."""
    switch = find_switch(DB_POOL_MAX_SIZE)
    assert switch is not None
    assert isinstance(switch.default, int)
    return switch.default


def _least_sum(owners: Sequence[Deployment], pool_max: int) -> int:
    return sum(_least(row, pool_max) + _least_readers(row) for row in owners)


def _least(row: Deployment, pool_max: int) -> int:
    # A process begins with one connection in its pool.
    return replica_connections(row, pool_max) + replica_connections(row, 1)


def _wanted(row: Deployment) -> int:
    # While replicas are replaced there is one more.
    return (NEEDS[row.name].replicas + 1) * replica_connections(row, default_pool_max()) + COMMANDS


def _least_readers(row: Deployment) -> int:
    return NEEDS[row.name].readers + 1 if row.reads_events_of else 0


def _wanted_readers(row: Deployment) -> int:
    return (NEEDS[row.name].replicas + 1) * NEEDS[row.name].readers
