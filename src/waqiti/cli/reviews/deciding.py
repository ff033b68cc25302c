"""Deciding many reviews, some at a time; each decision has a key of its own and happens once."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final
from uuid import uuid4

import msgspec

from waqiti.cli.calling import is_of_a_mode
from waqiti.client import (
    ApiError,
    AsyncClient,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    Unauthorized,
    WaqitiError,
)
from waqiti.contracts.public.reviews import Label
from waqiti.contracts.reviews import ReviewOutcome
from waqiti.operations.cluster.credentials_file import Credentials

_AT_ONCE: Final = 16
_ATTEMPTS: Final = 3
_PAUSE_SECONDS: Final = 1.0


class Decision(msgspec.Struct, frozen=True):
    """What is decided about each of them."""

    outcome: ReviewOutcome
    reason: str
    label: Label | None


class Failed(msgspec.Struct, frozen=True):
    """A review that was not decided, and why."""

    id: str
    error: str


class Stopped(Exception):
    """What would have refused every other review too; ``decided`` of them were decided before."""

    def __init__(self, why: WaqitiError, decided: int) -> None:
        super().__init__(str(why))
        self.why = why
        self.decided = decided


class Desk:
    """Decides reviews; with ``passing_over`` those that are over by now are left as they are."""

    def __init__(self, client: AsyncClient, decision: Decision, *, passing_over: bool) -> None:
        self._client = client
        self._decision = decision
        self._passing_over = passing_over
        self.decided: list[str] = []
        self.over: list[str] = []
        self.failed: list[Failed] = []

    async def decide(self, reviews: Iterable[str], advance: Callable[[], None]) -> None:
        """Decide each.

        Raises:
            Stopped: the platform is away, in a mode that refuses, or takes no such decision.
        """
        waiting = iter(reviews)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(self._work(waiting, advance))
        except* WaqitiError as errors:
            raise Stopped(_first(errors), len(self.decided)) from errors

    async def _work(self, waiting: Iterator[str], advance: Callable[[], None]) -> None:
        for review in waiting:
            await self._one(review)
            advance()

    async def _one(self, review: str) -> None:
        try:
            await self._told(review)
        except ApiError as error:
            if is_of_a_mode(error) or isinstance(error, InvalidRequest | Unauthorized | Forbidden):
                raise
            if self._passing_over and isinstance(error, Conflict):
                self.over.append(review)
            else:
                self.failed.append(Failed(review, error.detail))
        else:
            self.decided.append(review)

    async def _told(self, review: str) -> None:
        key, asked = uuid4().hex, self._decision
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._client.reviews.decide(
                    review, outcome=asked.outcome, reason=asked.reason, label=asked.label, idempotency_key=key
                )
            except (ApiError, ConnectionFailed) as error:
                if attempt == _ATTEMPTS or is_of_a_mode(error) or (isinstance(error, ApiError) and not error.retryable):
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return


async def decide_all(
    credentials: Credentials,
    reviews: Sequence[str],
    decision: Decision,
    advance: Callable[[], None],
    *,
    passing_over: bool,
) -> Desk:
    """Decide reviews as the operator.

    Raises:
        Stopped: the platform is away, in a mode that refuses, or takes no such decision.
    """
    # It is asked once a time: whether to ask again is for the desk, which does not wait for a mode to end.
    async with AsyncClient(
        credentials.base_url, credentials.operator_key, max_connections=_AT_ONCE, max_attempts=1
    ) as client:
        desk = Desk(client, decision, passing_over=passing_over)
        await desk.decide(reviews, advance)
        return desk


def _first(errors: ExceptionGroup[WaqitiError]) -> WaqitiError:
    found = errors.exceptions[0]
    return _first(found) if isinstance(found, ExceptionGroup) else found
