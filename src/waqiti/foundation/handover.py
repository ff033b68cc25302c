"""Hands duplicates of listening sockets to a new init: they outlive every process that holds them (decision 0025).

A connection to the socket ``<state>/cluster/handover/NAME.sock`` is answered at once with one message, the descriptors
beside it (SCM_RIGHTS of unix(7)): a JSON array that says what each of them is, ``["payment-service", "shared"]``.
"""

import asyncio
import json
import os
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

KINDS: Final = ("shared", "public")
"""What a deployment's listening sockets are, in the order in which its replicas inherit them."""
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)
_BACKLOG: Final = 16


@contextmanager
def handing_over(path: Path, held: Mapping[str, Sequence[int]]) -> Iterator[None]:
    """Hand over what is ``held`` to whoever of the same user asks at ``path``; needs a running event loop.

    ``held`` has the descriptors of each deployment's sockets in the order of ``KINDS``. They are duplicated: who asks
    gets them also where their owner has closed them since.

    Raises:
        OSError: nobody can be answered at ``path``.
    """
    labels = [(name, kind) for name, descriptors in held.items() for kind, _ in zip(KINDS, descriptors, strict=False)]
    message = json.dumps(labels).encode()
    duplicates = [os.dup(descriptor) for descriptors in held.values() for descriptor in descriptors]
    loop = asyncio.get_running_loop()
    try:
        with _listening(path) as listening:
            loop.add_reader(listening, _answer, listening, message, duplicates)
            try:
                yield
            finally:
                loop.remove_reader(listening)
    finally:
        for duplicate in duplicates:
            os.close(duplicate)


def _answer(listening: socket.socket, message: bytes, descriptors: Sequence[int]) -> None:
    """Answer one who asks. What is sent fits the empty buffer of a new connection: nobody is waited for."""
    with suppress(OSError):  # who asked has gone
        connection, _ = listening.accept()
        with connection:
            connection.setblocking(False)
            if _user_of(connection) == os.geteuid():
                socket.send_fds(connection, [message], descriptors)


def _user_of(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    return int(uid)


def _listening(path: Path) -> socket.socket:
    """Listen at ``path`` in place of a process that has ended."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Through an open directory: the path itself may exceed the 107 bytes of a socket's name.
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listening.bind(f"/proc/self/fd/{directory}/{path.name}")
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    finally:
        os.close(directory)
    return listening
