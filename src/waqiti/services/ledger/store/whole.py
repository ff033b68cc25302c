"""Reading tables whole, which the sessions of a service otherwise never do."""

from typing import Final

from waqiti.foundation.database import Connection

_ONE_INSTANT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_PLANNED_FOR_IT: Final = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'on', true),
       set_config('enable_nestloop', 'off', true), set_config('enable_partitionwise_aggregate', 'on', true),
       set_config('work_mem', '64MB', true)
"""


async def read_whole(connection: Connection) -> None:
    """Have the transaction that has just begun see the database at one instant, and plan to read all of it."""
    await connection.execute(_ONE_INSTANT)
    await connection.execute(_PLANNED_FOR_IT)
