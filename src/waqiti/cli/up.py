"""``waqiti up``: start everything, and stay, or leave it running."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from shlex import quote
from types import FrameType
from typing import Annotated, Final, NoReturn

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.options import Json, State, whole
from waqiti.cli.output import as_called, console, print_document, say
from waqiti.cli.progress import StartProgress
from waqiti.contracts.catalog import PAYMENT
from waqiti.operations.cluster.credentials_file import Credentials, read_credentials
from waqiti.operations.cluster.healing import heals, keeps_running
from waqiti.operations.cluster.planning import plan_platform
from waqiti.operations.cluster.starting import Planner, Progress, start_cluster
from waqiti.operations.cluster.status import ClusterStatus, cluster_status
from waqiti.operations.cluster.stopping import stop_cluster
from waqiti.operations.state.layout import VARIABLE, Layout
from waqiti.operations.state.record import Plan, running_init

_LOOK_SECONDS: Final = 0.25
_UMASK: Final = 0o022
_LARGEST_PORT: Final = 65535
_INDENT: Final = "   "
# Goes on in the next line of a shell; with the key last, the widest line has 80 columns.
_CONTINUED: Final = f" \\\n{_INDENT}"


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
    port: Annotated[int | None, Parameter(converter=whole, validator=Number(gte=1, lte=_LARGEST_PORT))] = None,
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

    _handle_signals()
    launch = _Launch(layout, lambda former: plan_platform(layout, former, port=port, postgres_url=postgres))
    began = time.monotonic()
    if heals(layout):
        say("waqiti-init was killed: another one takes over, and everything else runs on")
    with nullcontext() if detach else launch.stopped_afterwards():
        with StartProgress(shown=not json) as progress:
            started = start_cluster(layout, launch.plan, launch.noting(progress.update))
        _announce(layout, started=started, seconds=time.monotonic() - began, as_json=json)
        if started and not detach:
            _stay(layout)
    return 0


class _Launch:
    """Tells the platform that this command starts from one that runs already, at every moment of the start."""

    def __init__(self, layout: Layout, planner: Planner) -> None:
        self._layout = layout
        self._planner = planner
        self._ours = False
        self._launch: str | None = None

    def plan(self, former: Plan | None) -> Plan:
        """Plan; the command lock is held, so that an init which comes after none is ours."""
        self._ours = running_init(self._layout) is None
        return self._planner(former)

    def noting(self, progress: Progress) -> Progress:
        """Note which launch is ours, then pass the status on."""

        def note(status: ClusterStatus) -> None:
            init = running_init(self._layout)
            if self._ours and self._launch is None and init is not None:
                self._launch = init.launch
            progress(status)

        return note

    @contextmanager
    def stopped_afterwards(self) -> Iterator[None]:
        """Stop the platform however the foreground ends, unless this command did not start it."""
        try:
            yield
        finally:
            running = running_init(self._layout)
            if self._launch is not None and (running is None or running.launch == self._launch):
                stop_cluster(self._layout)


def _handle_signals() -> None:
    """End in good order on Ctrl-C and the like, also where a shell had its background jobs ignore Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup a closed terminal means nothing.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


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
        ("API in pages", f"{credentials.base_url}/docs"),
        ("API key", credentials.api_key),
        ("Operator key", credentials.operator_key),
        ("Approver key", credentials.approver_key),
    ):
        out.print(f"  {name:<14}{key}")
    out.print(f"  {'All of it':<14}{layout.credentials}\n")
    out.print("Try first:\n")
    for number, (what, command) in enumerate(first_things(layout, credentials), 1):
        out.print(f"{number}. {what}", markup=False)
        out.print(f"{_INDENT}{command}\n", markup=False)


def first_things(layout: Layout, credentials: Credentials) -> list[tuple[str, str]]:
    """What each is for, and what to copy into a shell."""
    customer = (
        f"curl -sS {credentials.base_url}/v1/customers{_CONTINUED}"
        f"-H 'Idempotency-Key: first'{_CONTINUED}"
        f"-H 'Content-Type: application/json'{_CONTINUED}"
        f"""-d '{{"name": "Amina Yusuf", "country": "DE"}}'{_CONTINUED}"""
        f"-H 'Authorization: Bearer {credentials.api_key}'"
    )
    elsewhere = Layout.of(None).root != layout.root
    option = f" --state {quote(str(layout.root))}" if elsewhere else ""
    variable = f"{VARIABLE}={quote(str(layout.root))} " if elsewhere else ""
    return [
        ("have a town use it, and see who decided what:", f"{variable}{as_called()} demo"),
        ("make a customer:", customer),
        (
            "kill a service, and watch it heal; look again a second later:",
            f"{_kill(layout)}{as_called()} status{option}",
        ),
    ]


def _kill(layout: Layout) -> str:
    replicas = (
        replica for row in cluster_status(layout).deployments if row.name == PAYMENT for replica in row.replicas
    )
    pid = next((replica.pid for replica in replicas), None)
    return f"kill -9 {pid}; " if pid else ""


def _stay(layout: Layout) -> None:
    """Wait until the platform is stopped; Ctrl-C is a good end."""
    try:
        say("Ctrl-C stops the platform; its data stays.")
        while keeps_running(layout):
            time.sleep(_LOOK_SECONDS)
        say("The platform was stopped.")
    except KeyboardInterrupt:
        # The terminal may be what has gone.
        with suppress(OSError):
            say("Stopping ...")
