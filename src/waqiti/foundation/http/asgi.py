"""The interface between server and application (ASGI 3), as loosely typed as it is."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Answer: TypeAlias = Callable[[int, Sequence[tuple[bytes, bytes]], bytes], Awaitable[None]]
"""Sends a whole answer at once: its status, its headers with the length, its body."""
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

ANSWER: Final = "waqiti.answer"
"""Where a scope holds an ``Answer``, if its server has one: most answers are whole, and need no messages.

It is taken out: a scope and what answers it would otherwise hold each other until the collector comes.
"""
