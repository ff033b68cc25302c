"""The request that is being worked on: its id, and its place in a trace (W3C Trace Context)."""

import random
import re
from contextvars import ContextVar
from typing import Final

import uuid_utils

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{8,64}\Z")
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_TRACE_ID: Final = slice(3, 35)


class Trace:
    """``request_id`` is what the client is told; ``parent`` the ``traceparent`` it sent, None where this began it."""

    __slots__ = ("_own", "parent", "request_id")

    def __init__(self, request_id: str, parent: str | None = None) -> None:
        self.request_id = request_id
        self.parent = parent
        self._own: str | None = None

    @property
    def traceparent(self) -> str:
        """The header for calls outward: the same trace, this request as their parent."""
        if self._own is None:
            trace_id = self.parent[_TRACE_ID] if self.parent else f"{random.getrandbits(128) or 1:032x}"
            flags = self.parent[-2:] if self.parent else "00"
            self._own = f"00-{trace_id}-{random.getrandbits(64) or 1:016x}-{flags}"
        return self._own

    @property
    def trace_id(self) -> str:
        """The 32 hexadecimal digits that all parts of the trace share."""
        return self.traceparent[_TRACE_ID]


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """Return the trace that this task works for, if any."""
    return _current.get()


def traceparent() -> str | None:
    """Return the ``traceparent`` to send outward or to store with an event, if there is a trace."""
    trace = _current.get()
    return None if trace is None else trace.traceparent


def enter_trace(trace: Trace | None) -> None:
    """Make ``trace`` the one that this task, and tasks it starts from now on, work for."""
    _current.set(trace)


def accepted_request_id(header: bytes | None) -> str:
    """Return the client's request id where it is well-formed, else a new one."""
    if header is not None and _REQUEST_ID.match(header):
        return header.decode()
    return "req_" + uuid_utils.uuid7().hex


def accepted_parent(header: bytes | None) -> str | None:
    """Return the client's ``traceparent`` where it is well-formed."""
    return header.decode() if header is not None and _TRACEPARENT.match(header) else None
