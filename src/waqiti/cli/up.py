"""``waqiti up``: start everything, and stay, or leave it running."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from shlex import quote
from types import FrameType
from typing import Annotated, Final, NoReturn

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.options import Json, State
from waqiti.cli.output import as_called, console, print_document, say
from waqiti.cli.progress import StartProgress
from waqiti.contracts.catalog import PAYMENT
from waqiti.operations.cluster.credentials_file import Credentials, read_credentials
from waqiti.operations.cluster.layout import VARIABLE, Layout
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.cluster.record import Plan, running_init
from waqiti.operations.cluster.starting import start_cluster
from waqiti.operations.cluster.status import cluster_status
from waqiti.operations.cluster.stopping import stop_cluster

_LOOK_SECONDS: Final = 0.25
_UMASK: Final = 0o022
_LARGEST_PORT: Final = 65535


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What ``up --json`` prints."""

    state: str
    base_url: str
    credentials: str
    started: bool
    seconds: float
    services: dict[str, str]


def up(
    *,
    detach: Annotated[bool, Parameter(name=["--detach", "-d"], negative="")] = False,
    state: State = None,
    port: Annotated[int | None, Parameter(validator=Number(gte=1, lte=_LARGEST_PORT))] = None,
    postgres: str | None = None,
    json: Json = False,
) -> int:
    """Start the platform and print its address, its keys and what to try first.

    Parameters
    ----------
    detach
        Return when every deployment is ready, and leave the platform running.
    port
        The port of the gateway on 127.0.0.1; 8080 unless another was chosen here before.
    postgres
        The administrator's URL of a PostgreSQL server, 16 or newer, to use instead of the embedded one.
    """
    layout = Layout.of(state)
    # Whatever the caller's: nothing that we or our children write may be anybody's to change.
    os.umask(os.umask(_UMASK) | _UMASK)

    def planner(former: Plan | None) -> Plan:
        return plan_platform(layout, former, port=port, postgres_url=postgres)

    for number in (signal.SIGTERM, signal.SIGHUP):
        # Under nohup a closed terminal means nothing.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    began = time.monotonic()
    with StartProgress(shown=not json) as progress:
        started = start_cluster(layout, planner, progress.update)
    seconds = time.monotonic() - began
    if started and not detach:
        with _stopped_afterwards(layout):
            _announce(layout, started=started, seconds=seconds, as_json=json)
            _stay(layout)
    else:
        _announce(layout, started=started, seconds=seconds, as_json=json)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _announce(layout: Layout, *, started: bool, seconds: float, as_json: bool) -> None:
    credentials = read_credentials(layout)
    assert credentials is not None
    if as_json:
        document = Started(
            state=str(layout.root),
            base_url=credentials.base_url,
            credentials=str(layout.credentials),
            started=started,
            seconds=round(seconds, 3),
            services=credentials.services,
        )
        print_document(document)
        return
    _print_welcome(layout, credentials, started=started, seconds=seconds)


def _print_welcome(layout: Layout, credentials: Credentials, *, started: bool, seconds: float) -> None:
    out = console()
    how = f"is ready after {seconds:.1f} s" if started else "runs already"
    out.print(f"\n[bold green]Waqiti {how}[/] at [bold]{credentials.base_url}[/]\n")
    for name, key in (
        ("API key", credentials.api_key),
        ("Operator key", credentials.operator_key),
        ("Approver key", credentials.approver_key),
    ):
        out.print(f"  {name:<14}{key}")
    out.print(f"  {'All of it':<14}{layout.credentials}\n")
    out.print("Try first:\n")
    for number, (what, command) in enumerate(_first_things(layout, credentials), 1):
        out.print(f"  {number}. {what}", markup=False)
        out.print(f"     {command}\n", markup=False)


def _first_things(layout: Layout, credentials: Credentials) -> list[tuple[str, str]]:
    """What each is for, and what to copy: into a browser the first, into a shell the others."""
    elsewhere = Layout.of(None).root != layout.root
    option = f" --state {quote(str(layout.root))}" if elsewhere else ""
    variable = f"{VARIABLE}={quote(str(layout.root))} " if elsewhere else ""
    return [
        ("read the API in a browser:", f"{credentials.base_url}/docs"),
        ("have a town use it, and see who decided what:", f"{variable}{as_called()} demo"),
        ("kill a service, and watch it heal:", f"{_kill(layout)}{as_called()} status{option}"),
    ]


def _kill(layout: Layout) -> str:
    replicas = (
        replica for row in cluster_status(layout).deployments if row.name == PAYMENT for replica in row.replicas
    )
    pid = next((replica.pid for replica in replicas), None)
    return f"kill -9 {pid}; " if pid else ""


def _stay(layout: Layout) -> None:
    say("Ctrl-C stops the platform; its data stays.")
    while running_init(layout) is not None:
        time.sleep(_LOOK_SECONDS)
    say("The platform was stopped.")


@contextmanager
def _stopped_afterwards(layout: Layout) -> Iterator[None]:
    """Stop the platform however the foreground ends; Ctrl-C is a good end."""
    try:
        yield
    except KeyboardInterrupt:
        # The terminal may be what has gone.
        with suppress(OSError):
            say("Stopping ...")
    finally:
        stop_cluster(layout)
