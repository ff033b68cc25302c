"""A deployment that does nothing but run: what the supervisor is tested with.

``python -m tests.support.standin NAME --role api|worker`` runs on the product's own runtime. A file
``<state>/misbehave/NAME.ROLE`` makes it do otherwise: ``exit`` at once, ``unready`` for ever, ``stop`` beating, or
``spawn`` a process of its own, whose pid is then the file's content. A request for ``/grow/N`` makes it use N megabytes
more.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from waqiti.foundation.http.asgi import ASGIApp
from waqiti.foundation.runtime import Application, Context, Service, run
from waqiti.foundation.settings import Settings

MEGABYTE = 1024**2


def main(name: str, role: str) -> None:
    misbehaviour = Path(os.environ["WAQITI_STATE"]) / "misbehave" / f"{name}.{role}"
    fault = misbehaviour.read_text().strip() if misbehaviour.exists() else ""
    if fault == "exit":
        raise SystemExit("told to exit at once")

    if fault == "spawn":
        misbehaviour.write_text(str(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid))

    @asynccontextmanager
    async def build(context: Context[Settings]) -> AsyncIterator[Application]:
        if fault == "stop":
            asyncio.get_running_loop().call_later(1.0, os.kill, os.getpid(), 19)
        yield Application(asgi=application(context, ready=fault != "unready"))

    assert role in {"api", "worker"}
    run([Service(name, Settings, build)], "api" if role == "api" else "worker")


def application(context: Context[Settings], *, ready: bool) -> ASGIApp:
    """Answer with the pid, slowly enough that a restart meets requests on their way; ``/pool`` with its pool's size."""

    kept: list[bytearray] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        is_probe, is_pool = scope["path"] == "/actuator/health/readiness", scope["path"] == "/pool"
        if not is_probe and not is_pool:
            await asyncio.sleep(0.01)
        if scope["path"].startswith("/grow/"):
            kept.append(bytearray(b"x" * (int(scope["path"].rpartition("/")[2]) * MEGABYTE)))
        headers = [(b"content-type", b"text/plain")]
        if context.draining.is_set():
            headers.append((b"connection", b"close"))
        status = 503 if is_probe and not ready else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = context.switches.settings.pool_max_size if is_pool else os.getpid()
        await send({"type": "http.response.body", "body": str(body).encode()})

    return app


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3])
