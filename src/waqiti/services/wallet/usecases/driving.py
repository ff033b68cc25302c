"""Drives a movement from step to step until it ends or must wait; safe to be cut off anywhere and begun again.

Whoever drives holds the movement's lease; whoever lost it cannot change the movement any more, and what it may still
do outside has an id of its own there and happens once.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import asyncpg

from waqiti.foundation.database import Database
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.http.client import NoAnswer
from waqiti.foundation.telemetry import logger
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.movements import Change, Kind, MovementRow, Step, allowed, later
from waqiti.services.wallet.domain.rails import RailSilenceError

MAX_STEPS: Final = 8

StepWork: TypeAlias = Callable[[MovementRow], Awaitable[Change]]
Steps: TypeAlias = Mapping[tuple[Kind, Step], StepWork]

_log = logger(__name__)


class Driver:
    """Knows the work of each step."""

    def __init__(self, database: Database, steps: Steps) -> None:
        self._database = database
        self._steps = steps

    async def drive(self, movement: MovementRow) -> MovementRow | None:
        """Drive a movement under the lease it carries; return it as it rests, or None where the lease was lost."""
        for _ in range(MAX_STEPS):
            moved = await self._advance(movement, await self._next(movement))
            if moved is None or moved.lease is None:
                return moved
            movement = moved
        return movement

    async def let_go(self, movement: MovementRow) -> None:
        """Give a leased movement back undriven: it is due, and the worker takes it at once."""
        async with self._database.transaction() as connection:
            await store.movements.let_go(connection, movement)

    async def _next(self, movement: MovementRow) -> Change:
        try:
            return await self._steps[movement.kind, movement.step](movement)
        except RailSilenceError:
            return later(movement, "rail_silent")
        except (NoAnswer, DependencyUnavailable) as error:
            return later(movement, f"no_answer_of_{error.dependency}")
        except Problem as error:
            # Another service calls it wrong: nothing that time alone mends, yet nothing may be lost.
            _log.error("movement_refused", movement=str(movement.id), step=movement.step, reason=str(error))
            return later(movement, error.code)

    async def _advance(self, movement: MovementRow, change: Change) -> MovementRow | None:
        assert allowed(movement.kind, movement.status, change.status), (movement.kind, movement.status, change.status)
        try:
            async with self._database.transaction() as connection:
                moved = await store.movements.advance(connection, movement, change)
        except asyncpg.UniqueViolationError:
            _log.error("rail_reference_taken", movement=str(movement.id), rail_reference=change.rail_reference)
            return await self._advance(movement, later(movement, "rail_reference_taken"))
        if moved is not None and moved.status != movement.status:
            _log.info("movement_moved", movement=str(moved.id), status=moved.status, reason=change.reason)
        return moved
