"""Starting a transaction again that met another one."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from waqiti.foundation.database.failures import is_retryable

MAX_ATTEMPTS: Final = 4

Result = TypeVar("Result")


async def retrying(work: Callable[[], Awaitable[Result]]) -> Result:
    """Return what ``work`` returns; run it again, four times in all, where it may then succeed (``is_retryable``)."""
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await work()
        except Exception as error:
            if not is_retryable(error):
                raise
    return await work()
