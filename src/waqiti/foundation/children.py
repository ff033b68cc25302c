"""Asking a child process: what may end it, by whatever signal, ends nothing of the process that asks."""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Final

import msgspec

# Nothing else of the environment is passed on: addresses of databases and keys are no business of a child.
_INHERITED: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Ended(msgspec.Struct, frozen=True):
    """How a child ended: its exit code, minus the signal where one ended it, None where its time was up."""

    code: int | None
    output: bytes


async def asked(module: str, *arguments: str, content: bytes, seconds: float) -> Ended:
    """Run a module as a program of its own, with ``content`` on its standard input, for at most ``seconds``.

    It is killed where its time is up, or where the caller is cancelled.

    Raises:
        OSError: it could not be started.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        module,
        *arguments,
        env={name: os.environ[name] for name in _INHERITED if name in os.environ} | _ONE_THREAD,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate(content)
    except TimeoutError:
        return Ended(None, b"")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, output)
