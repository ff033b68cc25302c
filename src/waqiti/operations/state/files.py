"""Small files that other processes read while they are written."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from waqiti.operations.errors import REFUSED, ClusterError

PRIVATE: Final = 0o600
_POLL_SECONDS: Final = 0.05
Document = TypeVar("Document")


def write(path: Path, content: bytes, mode: int = PRIVATE, *, durable: bool = True) -> None:
    """Replace a file at once: a reader sees the old content or the new, a crash of the process leaves one of them.

    ``durable`` ones outlast a crash of the machine too: an empty file of passwords would lock everybody out.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    draft.rename(path)
    if durable:
        sync_directory(path.parent)


def write_document(path: Path, document: object, *, durable: bool = True) -> None:
    """Replace a file by a document, as JSON that only its owner reads."""
    write(path, msgspec.json.format(msgspec.json.encode(document)) + b"\n", durable=durable)


def read_document(path: Path, kind: type[Document]) -> Document | None:
    """Read a document; None where there is none.

    Raises:
        ClusterError: the file is not such a document.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.MsgspecError as error:
        otherwise = "restore it, or set WAQITI_STATE to another directory"
        raise ClusterError(f"{path} cannot be read ({error}): {otherwise}") from error


def read_passing_document(path: Path, kind: type[Document]) -> Document | None:
    """Read a document that only this boot of the machine needs; None where there is none, or it is damaged.

    Such a file is not made to outlast a crash of the machine, which may leave it empty.
    """
    try:
        return read_document(path, kind)
    except ClusterError:
        return None


def sync_directory(directory: Path) -> None:
    """Have the names in a directory outlast a crash of the machine."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def lock(path: Path, *, wait_seconds: float, holder: str) -> Iterator[None]:
    """Hold a lock file; the kernel lets go of it when its holder dies.

    Raises:
        ClusterError: ``holder`` has not let go of it within ``wait_seconds``.
    """
    deadline = time.monotonic() + wait_seconds
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ClusterError(
                        f"{holder} holds {path} for over {wait_seconds:g} s: wait for it", REFUSED
                    ) from None
                time.sleep(_POLL_SECONDS)
        yield
