"""Where things are in a state directory."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VARIABLE: Final = "WAQITI_STATE"
DEFAULT: Final = ".waqiti"


@dataclass(frozen=True)
class Layout:
    """The names below one state directory. Public ones: ``credentials.json`` and ``keys.json``."""

    root: Path

    @classmethod
    def of(cls, chosen: Path | None) -> "Layout":
        """Return the state directory: the one chosen, else ``WAQITI_STATE``, else ``./.waqiti``."""
        return cls(Path(os.path.abspath(chosen or os.environ.get(VARIABLE) or DEFAULT)))  # noqa: PTH100 - keeps links

    @property
    def credentials(self) -> Path:
        return self.root / "credentials.json"

    @property
    def keys(self) -> Path:
        return self.root / "keys.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def events(self) -> Path:
        return self.root / "events.jsonl"

    @property
    def old_events(self) -> Path:
        """Where the journal goes when it is full."""
        return self.root / "events.jsonl.1"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def postgres_admin(self) -> Path:
        return self.secrets / "postgres.json"

    @property
    def passwords(self) -> Path:
        return self.secrets / "passwords.json"

    @property
    def databases(self) -> Path:
        return self.secrets / "databases.json"

    @property
    def token_public_keys(self) -> Path:
        return self.root / "token-keys.json"

    def token_key(self, deployment: str) -> Path:
        """Return the file of a deployment's private Ed25519 key (PEM)."""
        return self.secrets / f"{deployment}.pem"

    @property
    def webhook_key(self) -> Path:
        """The key that the secrets of webhook endpoints are encrypted with (32 bytes, base64)."""
        return self.secrets / "webhooks.key"

    @property
    def operations(self) -> Path:
        return self.root / "operations"

    @property
    def operations_store(self) -> Path:
        return self.operations / "ops.db"

    @property
    def history(self) -> Path:
        """What every replica measured, as ``operations`` has sampled it."""
        return self.operations / "history.db"

    @property
    def history_lock(self) -> Path:
        """Held by the one process that samples."""
        return self.operations / "history.lock"

    @property
    def switches(self) -> Path:
        return self.root / "switches.json"

    @property
    def switches_lock(self) -> Path:
        """Held by whoever publishes switches."""
        return self.operations / "switches.lock"

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def plan(self) -> Path:
        return self.cluster / "plan.json"

    @property
    def record(self) -> Path:
        return self.cluster / "record.json"

    @property
    def init(self) -> Path:
        return self.cluster / "init.json"

    @property
    def fatal_end(self) -> Path:
        """Why the supervisor ended for good, where no other has been ready since."""
        return self.cluster / "fatal.json"

    @property
    def supervisor_beat(self) -> Path:
        """Marked by the supervisor each second."""
        return self.cluster / "heartbeats" / "supervisor"

    @property
    def command_lock(self) -> Path:
        return self.cluster / "command.lock"

    @property
    def init_lock(self) -> Path:
        """Held by init for as long as it lives; modified, by the monotonic clock, when the last one failed, or at 0."""
        return self.cluster / "init.lock"

    @property
    def memory(self) -> Path:
        """Whose memory was found to be near its limit, and when replicas were replaced for theirs."""
        return self.cluster / "memory.json"

    @property
    def stopped(self) -> Path:
        """There from the moment the platform is to be stopped until it is to be started again."""
        return self.cluster / "stopped"

    @property
    def control_socket(self) -> Path:
        return self.cluster / "control.sock"

    @property
    def deployments(self) -> Path:
        return self.cluster / "deployments"

    def specification(self, deployment: str) -> Path:
        """Return the file that says what a deployment shall be, and was."""
        return self.deployments / f"{deployment}.json"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    def release(self, digest: str) -> Path:
        """Return the directory of a release: it holds a ``waqiti`` package."""
        return self.releases / digest

    @property
    def releases_lock(self) -> Path:
        """Held by whoever adds or removes releases."""
        return self.cluster / "releases.lock"

    @property
    def postgres_place(self) -> Path:
        return self.cluster / "postgres.json"

    def handover(self, holder: str) -> Path:
        """Return the socket where a replica, or the ``supervisor``, hands over the listening sockets that it holds."""
        return self.cluster / "handover" / f"{holder}.sock"

    @property
    def connection_limits(self) -> Path:
        """How many connections each deployment may hold on the server, as the last start set it."""
        return self.cluster / "connections.json"

    def heartbeat(self, replica: str, role: str) -> Path:
        """Return the file that a process of this replica touches each second."""
        return self.cluster / "heartbeats" / f"{replica}.{role}"

    def switches_applied(self, replica: str, role: str) -> Path:
        """Return the file in which a process of this replica confirms the switches that it follows."""
        return self.cluster / "switches" / f"{replica}.{role}.json"

    def metrics(self, replica: str) -> Path:
        """Return the directory that the processes of a replica share their metrics in."""
        return self.cluster / "metrics" / replica

    def log(self, name: str) -> Path:
        """Return the log of a replica, or of ``init`` (the supervisor's too) or ``postgres``."""
        return self.logs / f"{name}.log"
