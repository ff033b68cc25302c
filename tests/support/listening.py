"""A replica that is nothing but a listener: it answers everything with its pid, until SIGTERM.

``python -m tests.support.listening DESCRIPTOR SECONDS``: the inherited socket, and how long a connection lives at
least; at most it is twice as long.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from waqiti.foundation.runtime.listener import Listener, inherited_sockets


async def app(_scope: Any, _receive: Any, send: Any) -> None:
    pid = str(os.getpid()).encode()
    length = (b"content-length", str(len(pid)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": pid})


async def serve(descriptor: str, life_seconds: float) -> None:
    listener = Listener(app, inherited_sockets(descriptor), life_seconds=(life_seconds, 2 * life_seconds))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    listener.start()
    await ended.wait()
    await listener.drain(0.1)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2])))
