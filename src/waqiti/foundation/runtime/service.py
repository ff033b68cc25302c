"""A service is one value: its name, its settings, and how it is built."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Generic, Literal

from waqiti.foundation.http.asgi import ASGIApp
from waqiti.foundation.runtime.context import Context
from waqiti.foundation.runtime.tasks import BackgroundTask
from waqiti.foundation.settings import SettingsType

Role = Literal["api", "worker"]


@dataclass(frozen=True)
class Application:
    """What was built: ``asgi`` and ``api_tasks`` run in the api process, ``workers`` in the worker process."""

    asgi: ASGIApp
    api_tasks: Sequence[BackgroundTask] = field(default_factory=tuple)
    workers: Sequence[BackgroundTask] = field(default_factory=tuple)


@dataclass(frozen=True)
class Service(Generic[SettingsType]):
    """``build`` opens what the service stands on, yields the application, and closes it again."""

    name: str
    settings: type[SettingsType]
    build: Callable[[Context[SettingsType]], AbstractAsyncContextManager[Application]]
