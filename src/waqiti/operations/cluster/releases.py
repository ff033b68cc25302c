"""Releases that are directories: each holds a ``waqiti`` package and is kept under the sha256 of its content."""

import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from waqiti.operations.cluster.specification import is_directory
from waqiti.operations.errors import REFUSED, WRONG_USE, ClusterError
from waqiti.operations.state.files import lock, sync_directory
from waqiti.operations.state.layout import Layout

MOST_BYTES: Final = 512 * 1024**2
MOST_FILES: Final = 50_000
_LOCK_SECONDS: Final = 120.0
_DRAFT: Final = ".draft"
_CACHE: Final = "__pycache__"
_MARK: Final = Path("waqiti/__init__.py")
_DIRECTORY_MODE: Final = 0o700


@contextmanager
def kept_release(layout: Layout, directory: Path) -> Iterator[str]:
    """Keep a copy of a release, and yield its sha256; it is not forgotten before the block ends.

    Raises:
        ClusterError: the directory holds no ``waqiti`` package, leads out of itself, or is too large.
    """
    if not (directory / _MARK).is_file():
        raise ClusterError(f"{directory} is no release: it holds no {_MARK}", WRONG_USE)
    with lock(layout.releases_lock, wait_seconds=_LOCK_SECONDS, holder="Another deploy"):
        yield _keep(layout, directory)


def check_release(layout: Layout, digest: str, read: Callable[[Path], str] | None = None) -> None:
    """Make sure that a kept release is what it was.

    Raises:
        ClusterError: it is gone, or another.
    """
    directory = layout.release(digest)
    if not directory.is_dir():
        raise ClusterError(f"The release {digest[:12]} is no longer in {layout.releases}: deploy it again", REFUSED)
    if (read or digest_of)(directory) != digest:
        raise ClusterError(f"{directory} was changed and is not used: deploy that release again", REFUSED)


class CheckedReleases:
    """Kept releases, each read when it is first used, and again only where the times or sizes of its files differ.

    May be used by several threads; one of them reads at a time.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[str, tuple[str, str]] = {}
        self._reading = Lock()

    def check(self, digest: str) -> None:
        """Make sure that a kept release is what it was.

        Raises:
            ClusterError: it is gone, or another.
        """
        with self._reading:
            check_release(self._layout, digest, self._digest_of)

    def _digest_of(self, directory: Path) -> str:
        looks = _looks_of(directory)
        known = self._known.get(directory.name)
        if known is None or known[0] != looks:
            known = self._known[directory.name] = (looks, digest_of(directory))
        return known[1]


def forget_releases(layout: Layout, kept: Collection[str]) -> None:
    """Remove every release but ``kept``, and unfinished copies; nothing where one is being deployed just now."""
    if not layout.releases.is_dir():
        return
    try:
        with lock(layout.releases_lock, wait_seconds=0, holder="Another deploy"):
            for entry in layout.releases.iterdir():
                if entry.name.startswith(_DRAFT) or (is_directory(entry.name) and entry.name not in kept):
                    shutil.rmtree(entry)
    except ClusterError:
        return


def digest_of(directory: Path) -> str:
    """Return the sha256 over the sorted relative paths of a directory's files, each with its length and content.

    Caches of compiled modules are none of it.
    """
    digest = hashlib.sha256()
    for path in sorted(_files(directory)):
        content = (directory / path).read_bytes()
        digest.update(os.fsencode(path) + b"\0" + str(len(content)).encode() + b"\0" + content)
    return digest.hexdigest()


def _looks_of(directory: Path) -> str:
    """Return the sha256 over what the file system says of a directory's files: it changes where one is written."""
    digest = hashlib.sha256()
    for path in sorted(_files(directory)):
        found = (directory / path).stat()
        digest.update(os.fsencode(path) + b"\0%d %d %d\0" % (found.st_size, found.st_mtime_ns, found.st_ctime_ns))
    return digest.hexdigest()


def _keep(layout: Layout, directory: Path) -> str:
    layout.releases.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
    draft = layout.releases / _DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    _copy(directory, draft)
    digest = digest_of(draft)
    kept = layout.release(digest)
    if kept.exists() and digest_of(kept) != digest:
        shutil.rmtree(kept)
    if kept.exists():
        shutil.rmtree(draft)
    else:
        draft.rename(kept)
        sync_directory(layout.releases)
    return digest


def _copy(directory: Path, draft: Path) -> None:
    """Copy the files of a release, and have all of them on the disk before it gets its name."""
    size_bytes = 0
    draft.mkdir(mode=_DIRECTORY_MODE)
    for count, path in enumerate(_files(directory)):
        source, target = directory / path, draft / path
        size_bytes += source.stat().st_size
        if size_bytes > MOST_BYTES or count >= MOST_FILES:
            raise ClusterError(
                f"{directory} holds more than {MOST_FILES:,} files or {MOST_BYTES // 1024**2} MB: a release is the "
                "directory that holds the package waqiti, and not all that is installed",
                WRONG_USE,
            )
        target.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    # Once for hundreds of files: one by one they took seconds.
    os.sync()


def _files(directory: Path) -> Iterator[str]:
    """List the files of a release by their relative paths; a link stands for the file of the release it leads to."""
    root = directory.resolve()
    for parent, directories, names in os.walk(root, onerror=_raise):
        directories[:] = sorted(name for name in directories if name != _CACHE)
        for name in (*directories, *names):
            path = Path(parent, name)
            if name in directories and not path.is_symlink():
                continue
            _check(root, path)
            yield str(path.relative_to(root))


def _check(root: Path, path: Path) -> None:
    target = _target(path)
    if not target.is_relative_to(root):
        raise ClusterError(f"{path} leads out of the release: a release is whole", WRONG_USE)
    if not target.is_file():
        raise ClusterError(f"{path} is no file: a release is directories and files", WRONG_USE)


def _target(path: Path) -> Path:
    try:
        return path.resolve()
    # Up to Python 3.12.
    except RuntimeError:
        raise ClusterError(f"{path} leads back to itself: a link of a release leads to a file", WRONG_USE) from None


def _raise(error: OSError) -> None:
    raise error
