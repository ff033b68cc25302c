"""Posts one batch: in one statement where every item surely passes, else evaluated in memory under the same locks."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import asyncpg

from waqiti.contracts.ledger import Transfer, TransferResult
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database, is_retryable
from waqiti.foundation.errors import Problem
from waqiti.foundation.telemetry import logger
from waqiti.services.ledger.domain.chains import chains
from waqiti.services.ledger.domain.engine import Evaluation, evaluate, reject
from waqiti.services.ledger.domain.plain import PlainBatch, plan_plain
from waqiti.services.ledger.domain.working import Known, targets
from waqiti.services.ledger.store import accounts, holds, plain, transfers

MAX_CHUNK: Final = 2_000
_ATTEMPTS: Final = 8
_FIRST_PAUSE_SECONDS: Final = 0.002

_Evaluate: TypeAlias = Callable[[Sequence[Transfer], Known], Evaluation]

# What a row itself can be at fault for: data that does not fit, a constraint, an exception raised by a trigger.
_BY_THE_DATA: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError)

_log = logger(__name__)


async def post(database: Database, batch: Sequence[Transfer]) -> list[TransferResult]:
    """Make checked transfers, each stored once, in order; return their results in the same order.

    Raises:
        DependencyUnavailable: the database does not answer; what was stored is known by asking again.
        Problem: 503 ``overloaded`` where others kept getting in between.
    """
    results: list[TransferResult] = []
    for chunk in chunked(batch, MAX_CHUNK):
        plan = plan_plain(chunk)
        recorded_at = await _post_plain(database, plan) if plan is not None else None
        if recorded_at is not None:
            results += _plain_results(chunk, recorded_at)
        else:
            results += await _post_evaluated(database, chunk)
    return results


def chunked(batch: Sequence[Transfer], size: int) -> list[Sequence[Transfer]]:
    """Cut a batch between chains, behind at least ``size`` items."""
    if len(batch) <= size:
        return [batch]
    cut: list[Sequence[Transfer]] = []
    start = end = 0
    for chain in chains(batch):
        end += len(chain)
        if end - start >= size:
            cut.append(batch[start:end])
            start = end
    if start < end:
        cut.append(batch[start:end])
    return cut


def _plain_results(batch: Sequence[Transfer], recorded_at: datetime) -> list[TransferResult]:
    return [TransferResult(id=item.id, outcome="posted", amount=item.amount, recorded_at=recorded_at) for item in batch]


async def _post_plain(database: Database, plan: PlainBatch) -> datetime | None:
    try:
        async with database.connection() as connection:
            return await plain.post(connection, plan)
    except (*_BY_THE_DATA, asyncpg.DeadlockDetectedError):
        return None  # a known id, most likely; the evaluation finds out


async def _post_evaluated(database: Database, batch: Sequence[Transfer]) -> list[TransferResult]:
    try:
        return await _retried(database, batch, evaluate)
    except _BY_THE_DATA as error:
        return await _isolated(database, batch, error)


async def _isolated(database: Database, batch: Sequence[Transfer], error: Exception) -> list[TransferResult]:
    """Halve a batch that the database refuses until the chain that it refuses stands alone; that one is rejected."""
    whole = list(chains(batch))
    if len(whole) > 1:
        middle = sum(len(chain) for chain in whole[: len(whole) // 2])
        first = await _post_evaluated(database, batch[:middle])
        return first + await _post_evaluated(database, batch[middle:])
    _log.error("transfers_rejected", transfers=[str(item.id) for item in batch], kind=type(error).__name__)
    return await _retried(database, batch, reject)


async def _retried(database: Database, batch: Sequence[Transfer], evaluate_batch: _Evaluate) -> list[TransferResult]:
    for attempt in range(_ATTEMPTS):
        try:
            return await _once(database, batch, evaluate_batch)
        except asyncpg.PostgresError as error:
            if not is_retryable(error):
                raise
            await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.0))
    raise Problem.unavailable("overloaded", "Other transfers kept getting in between; try again.")


async def _once(database: Database, batch: Sequence[Transfer], evaluate_batch: _Evaluate) -> list[TransferResult]:
    async with database.transaction() as connection:
        return await _post_in(connection, batch, evaluate_batch)


async def post_in(connection: Connection, batch: Sequence[Transfer]) -> list[TransferResult]:
    """Make checked transfers within the caller's transaction, which is the caller's to begin again."""
    return await _post_in(connection, batch, evaluate)


async def _post_in(
    connection: Connection, batch: Sequence[Transfer], evaluate_batch: _Evaluate
) -> list[TransferResult]:
    evaluation = evaluate_batch(batch, await _known(connection, batch))
    await _write(connection, evaluation)
    return evaluation.results


async def _known(connection: Connection, batch: Sequence[Transfer]) -> Known:
    locked = await accounts.lock(connection, list({side for item in batch for side in (item.debit, item.credit)}))
    about = targets(batch)
    asked = {item.id for item in batch}
    resolving = any(item.target is not None and item.kind != "post" for item in batch)
    refunding = any(item.purpose == "refund" for item in batch)
    return Known(
        accounts=locked.accounts,
        transfers=await transfers.find(connection, asked | about),
        holds=await holds.find(connection, about) if resolving else {},
        refunded=await holds.refunded(connection, about) if refunding else {},
        recorded_at=max([*_earliest(locked), *(account.last_at for account in locked.accounts.values())]),
        closed_before=locked.closed_before,
    )


def _earliest(locked: accounts.LockedAccounts) -> list[datetime]:
    """Return what is not before now: the clock, and the open period where the clock was set back to before it."""
    now = locked.now or utc_now()
    return [now] if locked.closed_before is None else [now, locked.closed_before]


async def _write(connection: Connection, evaluation: Evaluation) -> None:
    if not evaluation.transfers:
        return
    recorded_at = evaluation.transfers[0].recorded_at
    await transfers.insert(connection, evaluation.transfers, recorded_at)
    if evaluation.entries:
        await transfers.insert_entries(connection, evaluation.entries, recorded_at)
        await accounts.update(connection, evaluation.accounts, recorded_at)
    if evaluation.holds:
        await holds.insert(connection, evaluation.holds)
    if evaluation.resolved:
        await holds.resolve(connection, evaluation.resolved)
    if evaluation.refunds:
        await holds.set_refunded(connection, evaluation.refunds)
