"""How many connections each role may hold: enough for the replicas that its deployment shall be able to have."""

from collections.abc import Sequence
from typing import Final

import msgspec

from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, ML, NOTIFICATION, PAYMENT, WALLET, Deployment
from waqiti.contracts.switches import DB_POOL_MAX_SIZE, find_switch
from waqiti.operations.cluster.errors import REFUSED, ClusterError

COMMANDS: Final = 2
"""Connections of commands, such as ``waqiti ledger verify``, that read a service's database as the service."""

# Of 300 connections 8 are reserved and 12 are left to migrations, operations and administrators.
_KEPT_BACK: Final = 20
# On a server that allows more than 300, roles get up to as much again: it may be others' as well.
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

    A leak in one service leaves the others theirs: on a server of 300 their sum stays below 280.
    """

    max_connections: int
    runtime: dict[str, int]
    readers: dict[str, int]


def limits_on(deployments: Sequence[Deployment], max_connections: int) -> Limits:
    """Divide a server's connections.

    Everybody gets what one replica needs; what is left is shared by how much more the wanted replicas need.

    Raises:
        ClusterError: there are too few even for one replica of each.
    """
    owners = [row for row in deployments if row.database is not None]
    readers = [row for row in owners if row.reads_events_of]
    least = sum(_least(row) for row in owners) + sum(_least_readers(row) for row in readers)
    wanted = sum(_wanted(row) for row in owners) + sum(_wanted_readers(row) for row in readers)
    spare = min(max_connections - _KEPT_BACK, _MOST_FOLD * wanted) - least
    if spare < 0:
        raise ClusterError(
            f"The PostgreSQL server allows {max_connections} connections: set max_connections to 300 "
            f"(at least {least + _KEPT_BACK}) and restart it",
            REFUSED,
        )

    def share(first: int, whole: int) -> int:
        return first + (whole - first) * spare // max(wanted - least, 1)

    return Limits(
        max_connections=max_connections,
        runtime={row.name: share(_least(row), _wanted(row)) for row in owners},
        readers={row.name: share(_least_readers(row), _wanted_readers(row)) for row in readers},
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


def _least(row: Deployment) -> int:
    return replica_connections(row, default_pool_max()) + 1  # and a command


def _wanted(row: Deployment) -> int:
    # While replicas are replaced there is one more.
    return (NEEDS[row.name].replicas + 1) * replica_connections(row, default_pool_max()) + COMMANDS


def _least_readers(row: Deployment) -> int:
    # The first one of a replica's successor: it reads little before the other is gone.
    return NEEDS[row.name].readers + 1


def _wanted_readers(row: Deployment) -> int:
    return (NEEDS[row.name].replicas + 1) * NEEDS[row.name].readers
