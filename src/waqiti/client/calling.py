"""How a noun is called: its operations are written once, as coroutines, and are awaited or waited for.

``Customers[Awaiting].get`` returns a coroutine, ``Customers[Portal].get`` the customer; both take the same arguments.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import update_wrapper, wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

from waqiti.client.transport import Transport

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Awaiting:
    """The caller awaits, in an event loop of its own."""

    def calling(
        self, method: Callable[Parameters, Coroutine[Any, Any, Result]]
    ) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
        """Return the method as it is."""
        return method


class Portal:
    """The caller waits: an event loop in a daemon thread runs the calls, which may come from several threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="waqiti-client", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def calling(self, method: Callable[Parameters, Coroutine[Any, Any, Result]]) -> Callable[Parameters, Result]:
        """Return a function that waits for what the method returns."""

        @wraps(method)
        def waiting(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            return self.call(method(*args, **kwargs))

        return waiting

    def close(self) -> None:
        """Stop the event loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


Mode = TypeVar("Mode", bound=Awaiting | Portal)


class Resource(Generic[Mode]):
    """A noun of the API."""

    def __init__(self, transport: Transport, mode: Mode) -> None:
        self._transport = transport
        self._mode = mode


class operation(Generic[Parameters, Result]):  # noqa: N801 - a decorator
    """A call of a ``Resource``, written as a coroutine; its mode says what the caller gets."""

    def __init__(self, method: Callable[Concatenate[Any, Parameters], Coroutine[Any, Any, Result]]) -> None:
        self._method = method
        update_wrapper(cast("Callable[..., Any]", self), method)

    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...

    @overload
    def __get__(
        self, resource: Resource[Awaiting], owner: type
    ) -> Callable[Parameters, Coroutine[Any, Any, Result]]: ...

    @overload
    def __get__(self, resource: Resource[Portal], owner: type) -> Callable[Parameters, Result]: ...

    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        """Bind the method to ``resource``."""
        if resource is None:
            return self
        return resource._mode.calling(self._method.__get__(resource, owner))  # noqa: SLF001 - they are one thing
