"""Under which libraries versions passed their trials."""

from typing import Final

from waqiti.foundation.database import Connection

_ADD: Final = "INSERT INTO trials (model, version, library) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


async def add(connection: Connection, model: str, version: str, library: str) -> None:
    """Record that a version passed; recorded again, it is one."""
    await connection.execute(_ADD, model, version, library)


_PASSED: Final = "SELECT EXISTS (SELECT FROM trials WHERE model = $1 AND version = $2 AND library = $3)"


async def passed(connection: Connection, model: str, version: str, library: str) -> bool:
    """Return whether a version passed under a library."""
    found: bool = await connection.fetchval(_PASSED, model, version, library)
    return found
