"""Opening one connection: session settings, and what it means when the server cannot be reached."""

import logging
from typing import TYPE_CHECKING, Final

import asyncpg

from waqiti.foundation.database.failures import unavailable

if TYPE_CHECKING:
    from waqiti.foundation.database.pool import Connection

_CONNECT_TIMEOUT_SECONDS: Final = 1.5
# Plans are made once for every statement, perhaps while its tables are still empty: none may settle on reading a table
# whole, and none is made again at each call.
_SESSION: Final = {
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}

_log: Final = logging.getLogger(__name__)


async def open_connection(
    url: str,
    database: str,
    application_name: str,
    settings: dict[str, str],
    timeout_seconds: float = _CONNECT_TIMEOUT_SECONDS,
) -> "Connection":
    """Connect to ``url`` with the timeouts that every service session has; ``settings`` are added to them.

    Raises:
        DependencyUnavailable: the server is down, refuses the session, or does not answer in time.
    """
    try:
        return await asyncpg.connect(
            url,
            timeout=timeout_seconds,
            statement_cache_size=200,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
            server_settings=_SESSION | {"application_name": application_name[:63]} | settings,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
        _log.warning("cannot connect to database %s: %s: %s", database, type(error).__name__, error)
        raise unavailable(database) from error
