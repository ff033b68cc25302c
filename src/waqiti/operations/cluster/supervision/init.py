"""waqiti-init: holds the listening sockets, keeps the supervisor running, hands on how orphaned replicas ended.

Run as a file, ``python -I -S init.py waqiti-init STATE``, by an interpreter without site-packages: it outlives every
other process of the cluster, so it knows only the standard library and does next to nothing. The supervisor and all
that it starts inherit the sockets; a replica whose supervisor was killed becomes a child of init, which writes
``pid status seconds`` about its end into a pipe that the next supervisor reads.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
FATAL_EXIT = 78
BACKLOG = 2048
STEADY_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 5.0
LOCK_SECONDS = 2.0
# A supervisor that ends as often as this while it shall stop everything is no use: whoever asked does it by force.
LAST_STOPS = 3
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


class Init:
    """One init. The plan and everything it writes stand in ``<state>/cluster``."""

    def __init__(self, state: Path) -> None:
        self.directory = state / "cluster"
        self.plan = json.loads((self.directory / "plan.json").read_text())
        self.sockets: dict[str, socket.socket] = {}
        self.public: dict[str, socket.socket] = {}
        self.exits = os.pipe2(os.O_NONBLOCK)
        self.supervisor: int | None = None
        self.started_at = 0.0
        self.quick_ends = 0
        self.restart_at = 0.0
        self.stopping = False

    def run(self) -> int:
        """Serve until the supervisor has ended on purpose; return its exit status."""
        self.lock()
        failure = self.listen()
        self.publish(failure)
        if failure is not None:
            return 1
        while True:
            if self.supervisor is None and time.monotonic() >= self.restart_at:
                self.start_supervisor()
            received = signal.sigtimedwait(SIGNALS, self.patience())
            if received is not None and received.si_signo in {signal.SIGTERM, signal.SIGINT}:
                self.stopping = True
                self.forward_stop()
            ended = self.reap()
            if ended is not None:
                return ended

    def lock(self) -> None:
        """Take the lock that says that this state directory has an init."""
        file = os.open(self.directory / "init.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SystemExit("another init runs here") from None
                time.sleep(0.05)
            else:
                return

    def listen(self) -> str | None:
        """Open a listening socket per deployment, and the public ones first; return why that failed."""
        former = self.read_ports()
        for deployment in self.plan["deployments"]:
            if deployment["public_port"] is not None:
                try:
                    self.public[deployment["name"]] = listening(deployment["public_port"])
                except OSError as error:
                    return f"{error.errno}:{deployment['public_port']}"
        for deployment in self.plan["deployments"]:
            name, wanted = deployment["name"], deployment["port"]
            try:
                self.sockets[name] = listening(wanted or former.get(name, 0))
            except OSError as error:
                if wanted:
                    return f"{error.errno}:{wanted}"
                self.sockets[name] = listening(0)
        self.write("ports.json", self.ports())
        return None

    def ports(self) -> dict[str, int]:
        return {name: opened.getsockname()[1] for name, opened in self.sockets.items()}

    def descriptors(self, name: str) -> list[int]:
        return [held[name].fileno() for held in (self.sockets, self.public) if name in held]

    def publish(self, failure: str | None) -> None:
        """Say who and where we are."""
        ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
        record: dict[str, object] = {
            "boot_id": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
            "pid": os.getpid(),
            "start_ticks": int(ticks),
            "ports": self.ports(),
            "descriptors": {name: self.descriptors(name) for name in self.sockets},
            "exits_descriptor": self.exits[0],
            "failure": failure,
        }
        self.write("init.json", record)

    def start_supervisor(self) -> None:
        # The signals stay blocked in the child until it can handle them: a stop that comes early is not lost.
        command = self.plan["supervisor"]
        self.started_at = time.monotonic()
        try:
            self.supervisor = os.posix_spawn(command[0], command, os.environ, setsid=True)
        except OSError as error:
            self.plan_restart(str(error))
            return
        if self.stopping:
            self.forward_stop()

    def forward_stop(self) -> None:
        if self.supervisor is not None:
            os.kill(self.supervisor, signal.SIGTERM)

    def patience(self) -> float:
        if self.supervisor is not None:
            return 3600.0
        return max(0.0, self.restart_at - time.monotonic())

    def reap(self) -> int | None:
        """Collect whoever has ended; return the supervisor's status where it ended on purpose."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid == 0:
                return None
            code = os.waitstatus_to_exitcode(status)
            if pid != self.supervisor:
                self.hand_on(pid, code)
            elif code in {0, FATAL_EXIT} or (self.stopping and self.quick_ends >= LAST_STOPS):
                return code
            else:
                self.plan_restart(code)

    def hand_on(self, pid: int, code: int) -> None:
        try:
            os.write(self.exits[1], b"%d %d %f\n" % (pid, code, time.time()))
        except BlockingIOError:
            say("nobody reads exit statuses: one is dropped")

    def plan_restart(self, why: int | str) -> None:
        """The first restart comes at once; an end soon after the start makes the next one wait longer."""
        lived = time.monotonic() - self.started_at
        self.quick_ends = 0 if lived > STEADY_SECONDS else self.quick_ends + 1
        pause = 0.0 if self.quick_ends <= 1 else min(0.1 * 2**self.quick_ends, LONGEST_PAUSE_SECONDS)
        self.supervisor = None
        self.restart_at = time.monotonic() + pause
        say(f"the supervisor ended ({why}) and is started again")

    def read_ports(self) -> dict[str, int]:
        try:
            return dict(json.loads((self.directory / "ports.json").read_text()))
        except FileNotFoundError:
            return {}

    def write(self, name: str, document: dict[str, int] | dict[str, object]) -> None:
        draft = self.directory / f".{name}.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(document, file)
        draft.replace(self.directory / name)


def listening(port: int) -> socket.socket:
    """Return an inheritable socket that listens on the loopback address."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("127.0.0.1", port))
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    opened.setblocking(False)
    opened.set_inheritable(True)
    return opened


def say(sentence: str) -> None:
    # The log may be on a full disk: then the sentence is lost, and what it is about goes on.
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"waqiti-init: {sentence}\n".encode())


def main(state: Path) -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    Path("/proc/self/comm").write_text("waqiti-init")
    if ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0) != 0:
        raise SystemExit("waqiti-init: the kernel refuses PR_SET_CHILD_SUBREAPER")
    init = Init(state)
    os.set_inheritable(init.exits[0], True)
    return init.run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[2])))
