"""waqiti-init: holds the listening sockets, keeps the supervisor running, hands on how orphaned replicas ended.

Run as a file, ``python -I -S init.py waqiti-init STATE``, by an interpreter without site-packages: it outlives every
other process of the cluster, so it knows only the standard library and does next to nothing. The supervisor and all
that it starts inherit the sockets; a replica whose supervisor was killed becomes a child of init, which writes
``pid status seconds`` about its end into a pipe that the next supervisor reads.

An init that follows one that was killed has the sockets handed over by whoever holds them, ends the supervisor that is
left, and starts its own, which goes on with all that runs. It starts nothing where the platform is to be stopped.
"""

import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
FATAL_EXIT = 78
BACKLOG = 2048
STEADY_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 5.0
LOCK_SECONDS = 2.0
# A supervisor that ends as often as this while it shall stop everything is no use: whoever asked does it by force.
LAST_STOPS = 3
# A supervisor marks a file each second; one that has not for so long hangs, and its successor goes on.
HUNG_SECONDS = 30.0
LOOK_SECONDS = 5.0
# Who holds a socket may still be starting, and cannot hand it over yet; later it hangs.
TAKEOVER_SECONDS = 20.0
HANDOVER_SECONDS = 1.0
RETRY_SECONDS = 0.1
ROOM_SECONDS = 1.0
ROOM_BYTES = 16384
KILLED_SECONDS = 5.0
LONGEST_MESSAGE = 65536
MOST_SOCKETS = 128
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


class Init:
    """One init. The plan and everything it writes stand in ``<state>/cluster``."""

    def __init__(self, state: Path) -> None:
        self.directory = state / "cluster"
        self.plan: dict[str, Any] = {}
        self.environment = dict(os.environb)
        self.launch = "{}.{}".format(*own_reference())
        self.lock_file = -1
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
        if self.is_to_stop():
            return 0
        self.plan = self.read("plan.json")
        former = self.read_passing("record.json")
        if former.get("boot_id") == boot_id():
            if not self.has_room_in_time():
                return 0
            failure = self.take_over(former)
        else:
            self.write(
                "environment", {os.fsdecode(name): os.fsdecode(value) for name, value in self.environment.items()}
            )
            failure = self.listen()
        self.publish(failure)
        # Whoever stops the platform has seen us by now, or we see their mark: what was taken over is stopped in order.
        self.stopping = self.is_to_stop()
        if failure is not None:
            return 1
        return self.supervise()

    def supervise(self) -> int:
        """Keep the supervisor running until it has ended on purpose; return its exit status."""
        while True:
            if self.supervisor is None and time.monotonic() >= self.restart_at:
                self.start_supervisor()
            received = signal.sigtimedwait(SIGNALS, self.patience())
            if received is not None and received.si_signo in {signal.SIGTERM, signal.SIGINT}:
                self.stopping = True
                self.note_stop()
                self.forward_stop()
            self.end_hung()
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
                self.lock_file = file
                os.utime(file, ns=(0, 0))
                return

    def note_failure(self) -> None:
        """Mark the lock with the time, which a full disk lets be done: who heals waits a while for the next try."""
        with suppress(OSError):
            os.utime(self.lock_file, ns=(time.monotonic_ns(), time.monotonic_ns()))

    def has_room_in_time(self) -> bool:
        """Wait for room on the disk: all that runs is left alone meanwhile. Return False where it is to be stopped."""
        while not self.is_to_stop():
            try:
                self.reserve("init.json")
            except OSError as error:
                say(f"nothing can be written ({error}): what runs is left as it is until that is possible")
                time.sleep(ROOM_SECONDS)
            else:
                return True
        return False

    def note_stop(self) -> None:
        # Should we be killed from here on, nobody shall start another init. A full disk stops no stop.
        with suppress(OSError):
            (self.directory / "stopped").touch()

    def is_to_stop(self) -> bool:
        return (self.directory / "stopped").exists()

    def listen(self) -> str | None:
        """Open a listening socket per deployment, and the public ones first; return why that failed."""
        former = self.read_passing("ports.json")
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

    def take_over(self, record: dict[str, Any]) -> str | None:
        """Have the sockets that a killed init held, on the ports that they had; return why that failed."""
        say("the former init was killed: going on with what it left")
        self.launch = self.read_passing("init.json").get("launch", self.launch)
        former = self.read_passing("environment")
        self.environment = {os.fsencode(name): os.fsencode(value) for name, value in former.items()} or self.environment
        wanted = self.wanted_ports()
        self.collect(wanted)
        end_all(running(self.plan["supervisor"]))
        deadline = time.monotonic() + TAKEOVER_SECONDS
        while (failure := self.bind_missing(wanted)) is not None and not self.is_to_stop():
            if time.monotonic() > deadline:
                end_all(silent_holders(record, {name for name, _ in self.missing(wanted)}))
                return self.bind_missing(wanted)
            time.sleep(RETRY_SECONDS)
            self.collect(wanted)
        return failure

    def wanted_ports(self) -> dict[tuple[str, str], int]:
        """Return the port of each deployment's sockets, by its name and what the socket is."""
        former = self.read_passing("ports.json")
        wanted = {(row["name"], "shared"): former.get(row["name"], row["port"]) for row in self.plan["deployments"]}
        public = {(row["name"], "public"): row["public_port"] for row in self.plan["deployments"]}
        return wanted | {key: port for key, port in public.items() if port is not None}

    def held(self, kind: str) -> dict[str, socket.socket]:
        return self.public if kind == "public" else self.sockets

    def missing(self, wanted: dict[tuple[str, str], int]) -> list[tuple[str, str]]:
        return [(name, kind) for name, kind in wanted if name not in self.held(kind)]

    def collect(self, wanted: dict[tuple[str, str], int]) -> None:
        """Ask everybody at once for sockets; one that does not answer within a second is let be."""
        deadline = time.monotonic() + HANDOVER_SECONDS
        for connection in ask_holders(self.directory / "handover"):
            with connection, suppress(OSError, ValueError):
                connection.settimeout(max(0.0, deadline - time.monotonic()))
                self.keep(*receive(connection), wanted)

    def keep(
        self, labels: list[tuple[str, str]], received: list[socket.socket], wanted: dict[tuple[str, str], int]
    ) -> None:
        """Keep what is missing of what was handed over."""
        for (name, kind), one in zip(labels, received, strict=True):
            if (name, kind) in self.missing(wanted) and one.getsockname()[1] == wanted[name, kind]:
                one.set_inheritable(True)
                self.held(kind)[name] = one
            else:
                one.close()

    def bind_missing(self, wanted: dict[tuple[str, str], int]) -> str | None:
        """Listen anew where nobody holds the socket any more; return why that failed."""
        failure = None
        for name, kind in self.missing(wanted):
            try:
                self.held(kind)[name] = listening(wanted[name, kind])
            except OSError as error:
                failure = f"{error.errno}:{wanted[name, kind]}"
        return failure

    def ports(self) -> dict[str, int]:
        return {name: opened.getsockname()[1] for name, opened in self.sockets.items()}

    def descriptors(self, name: str) -> list[int]:
        return [held[name].fileno() for held in (self.sockets, self.public) if name in held]

    def publish(self, failure: str | None) -> None:
        """Say who and where we are."""
        pid, ticks = own_reference()
        record: dict[str, object] = {
            "boot_id": boot_id(),
            "pid": pid,
            "start_ticks": ticks,
            "launch": self.launch,
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
            self.supervisor = os.posix_spawn(command[0], command, self.environment, setsid=True)
        except OSError as error:
            self.plan_restart(str(error))
            return
        if self.stopping:
            self.forward_stop()

    def forward_stop(self) -> None:
        if self.supervisor is not None:
            os.kill(self.supervisor, signal.SIGTERM)

    def end_hung(self) -> None:
        """Kill a supervisor that shows no sign of life: the next one goes on with everything that runs."""
        beat = self.last_beat()
        if self.supervisor is None or beat is None:
            return
        silent_seconds = time.monotonic() - max(self.started_at, beat)
        if silent_seconds > HUNG_SECONDS:
            say(f"the supervisor shows no sign of life for {silent_seconds:.0f} s and is killed")
            os.kill(self.supervisor, signal.SIGKILL)

    def last_beat(self) -> float | None:
        """Return when the supervisor marked its file last, by the monotonic clock; None where it cannot."""
        try:
            beat = (self.directory / "heartbeats" / "supervisor").stat().st_mtime_ns / 10**9
        except FileNotFoundError:
            return None
        # One of the future is of a boot before.
        return beat if beat <= time.monotonic() else 0.0

    def patience(self) -> float:
        if self.supervisor is not None:
            return LOOK_SECONDS
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

    def read(self, name: str) -> dict[str, Any]:
        try:
            return dict(json.loads((self.directory / name).read_text()))
        except FileNotFoundError:
            return {}

    def read_passing(self, name: str) -> dict[str, Any]:
        """Read what can be done without: a crash of the machine may have damaged it."""
        try:
            return self.read(name)
        except (ValueError, TypeError):
            return {}

    def reserve(self, name: str) -> None:
        """Have room for a file, which ``write`` then uses."""
        with os.fdopen(os.open(self.draft(name), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(bytes(ROOM_BYTES))

    def draft(self, name: str) -> Path:
        return self.directory / f".{name}.draft"

    def write(self, name: str, document: Mapping[str, object]) -> None:
        # Cut after it is written: room that was reserved is not given back before it is used.
        with os.fdopen(os.open(self.draft(name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(document, file)
            file.truncate()
        self.draft(name).replace(self.directory / name)


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


def ask_holders(directory: Path) -> list[socket.socket]:
    """Connect to everybody who hands sockets over; the files of dead processes refuse."""
    # Through an open directory: the path itself may exceed the 107 bytes of a socket's name.
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    connections = []
    for name in sorted(os.listdir(opened)):  # noqa: PTH208 - of a descriptor
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.setblocking(False)
        try:
            connection.connect(f"/proc/self/fd/{opened}/{name}")
        except OSError:
            connection.close()
        else:
            connections.append(connection)
    os.close(opened)
    return connections


def receive(connection: socket.socket) -> tuple[list[tuple[str, str]], list[socket.socket]]:
    """Return what one holder says of its sockets, and the sockets."""
    message, descriptors, _, _ = socket.recv_fds(connection, LONGEST_MESSAGE, MOST_SOCKETS)
    sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    return [(name, kind) for name, kind in json.loads(message)], sockets


def silent_holders(record: dict[str, Any], names: set[str]) -> list[int]:
    """Return the replicas of these deployments that live: they hold their sockets, and do not hand them over."""
    replicas = [replica for row in record["deployments"] if row["name"] in names for replica in row["replicas"]]
    refs = [process["ref"] for replica in replicas for process in replica["processes"] if process["ref"]]
    return [ref["pid"] for ref in refs if start_of(ref["pid"]) == ref["start_ticks"]]


def running(command: list[str]) -> list[int]:
    """Return the processes that run a command: also a supervisor that had no time to write down that it does."""
    wanted = b"".join(os.fsencode(part) + b"\0" for part in command)
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - names are enough
        with suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes() == wanted:
                found.append(int(pid))
    return found


def end_all(pids: list[int]) -> None:
    """Kill processes and wait, for a while, until they are gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + KILLED_SECONDS
    while any(start_of(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)


def start_of(pid: int) -> int | None:
    """Return when a process was started, in ticks; None where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def own_reference() -> tuple[int, int]:
    ticks = start_of(os.getpid())
    assert ticks is not None
    return os.getpid(), ticks


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def say(sentence: str) -> None:
    # The log may be on a full disk: then the sentence is lost, and what it is about goes on.
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"waqiti-init: {sentence}\n".encode())


def main(state: Path) -> int:
    import ctypes  # not for who only reads what stands above

    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    Path("/proc/self/comm").write_text("waqiti-init")
    if ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0) != 0:
        raise SystemExit("waqiti-init: the kernel refuses PR_SET_CHILD_SUBREAPER")
    init = Init(state)
    os.set_inheritable(init.exits[0], True)
    status = 1
    try:
        status = init.run()
    finally:
        # The end of a supervisor that cannot go on is noted by itself.
        if status not in {0, FATAL_EXIT}:
            init.note_failure()
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[2])))
