"""A connection for the length of an ``async with``, alone or as the unit of work."""

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING

from waqiti.foundation.database import failures

if TYPE_CHECKING:
    from waqiti.foundation.database.pool import Connection, Database


class Lease:
    """A connection lent for the length of an ``async with``; see ``Database.connection``."""

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._connection: Connection | None = None

    async def __aenter__(self) -> "Connection":
        self._connection = await self._database.acquire()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self._connection
        assert connection is not None
        try:
            if error is not None:
                _explain(error, self._database.name, connection)
        finally:
            if isinstance(error, asyncio.CancelledError):
                connection.terminate()
            self._database.release(connection)


class Transaction:
    """The unit of work for the length of an ``async with``; see ``Database.transaction``."""

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._connection: Connection | None = None

    async def __aenter__(self) -> "Connection":
        connection = await self._database.acquire()
        self._connection = connection
        self._transaction = connection.transaction()
        try:
            await self._transaction.start()
        except BaseException as error:
            self._leave(connection)
            _explain(error, self._database.name, connection)
            raise
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self._connection
        assert connection is not None
        try:
            if error is None:
                await self._transaction.commit()
            else:
                await self._undo(connection, error)
        except (Exception, asyncio.CancelledError) as failure:
            _explain(failure, self._database.name, connection)
            raise
        finally:
            self._leave(connection)

    async def _undo(self, connection: "Connection", error: BaseException) -> None:
        closed = connection.is_closed()
        if not closed:
            await self._transaction.rollback()
        _explain(error, self._database.name, connection)

    def _leave(self, connection: "Connection") -> None:
        self._database.release(connection)


def _explain(error: BaseException, name: str, connection: "Connection") -> None:
    """Raise the 503 that ``error`` means, where it is an operational one."""
    problem = failures.as_unavailable(error, name, connection.is_closed())
    if problem is not None:
        raise problem from error
