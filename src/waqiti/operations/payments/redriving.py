"""Having payment-service move payments on: audited before it is asked, and looked after until they have moved."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.catalog import PAYMENT
from waqiti.contracts.payment import (
    MAX_REDRIVE,
    REDRIVE_PATH,
    WAITING,
    Redrive,
    RedriveAction,
    Redriven,
    RedriveReport,
    Status,
)
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client import Deadline, HttpClient, NoAnswer
from waqiti.foundation.ids import encode
from waqiti.operations.cluster.credentials_file import Credentials
from waqiti.operations.errors import ClusterError
from waqiti.operations.facts.payment import payment_statuses
from waqiti.operations.facts.reading import Source, Unreadable, read_fact
from waqiti.operations.state.layout import Layout
from waqiti.operations.store import audit, transaction

WAIT_SECONDS: Final = 10.0
_ASK_SECONDS: Final = 8.0
_POLL_SECONDS: Final = 0.1
_ENCODE: Final = msgspec.json.Encoder().encode
_REPORT: Final = msgspec.json.Decoder(RedriveReport)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about a payment, and the status that it came to; None where that is not known."""

    id: str
    action: RedriveAction
    before: Status | None
    after: Status | None

    @property
    def moved(self) -> bool:
        """Say whether something is decided about it now."""
        return self.after is not None and self.after not in WAITING


class RedriveDone(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; ``audit_seq`` is the entry that says who wanted it.

    ``payments`` are those that payment-service answered about; ``stuck`` of them still wait, or are not known.
    ``failure`` says why it was asked about no more, None where it answered about all ``wanted``.
    """

    wanted: int
    payments: list[Outcome]
    stuck: list[str]
    failure: str | None
    seconds: float
    audit_seq: int | None


class _Wanted(msgspec.Struct, frozen=True):
    payments: Sequence[str]
    reason: str


class _Came(msgspec.Struct, frozen=True, kw_only=True):
    asked_seq: int
    wanted: int
    answered: int
    actions: dict[str, int]
    stuck: list[str]
    failure: str | None


async def redrive(
    layout: Layout, credentials: Credentials, ids: Sequence[UUID], *, actor: str, reason: str
) -> RedriveDone:
    """Redrive payments and wait, for ten seconds at most, until something is decided about each.

    Doing it again does no harm. Both what was wanted and what came of it are audited. payment-service is asked about
    ``MAX_REDRIVE`` at a time; where it does not answer or refuses, what it answered before counts.

    Raises:
        ClusterError: the operations store cannot be used.
    """
    began = time.monotonic()
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return RedriveDone(wanted=0, payments=[], stuck=[], failure=None, seconds=0.0, audit_seq=None)
    names = [encode(prefixes.PAYMENT, one) for one in wanted]
    asked_seq = _audit(layout, actor, "payments.redrive", _Wanted(names, reason))
    answers, failure = await _ask(credentials, names)
    after = await _settled(credentials, wanted[: len(answers)])
    done = [
        Outcome(id=one.id, action=one.action, before=one.status, after=after.get(identifier))
        for identifier, one in zip(wanted, answers, strict=False)
    ]
    stuck = [one.id for one in done if not one.moved]
    came = _Came(
        asked_seq=asked_seq,
        wanted=len(wanted),
        answered=len(done),
        actions=dict(Counter(one.action for one in done)),
        stuck=stuck,
        failure=failure,
    )
    _audit(layout, actor, "payments.redriven", came)
    seconds = round(time.monotonic() - began, 3)
    return RedriveDone(
        wanted=len(wanted), payments=done, stuck=stuck, failure=failure, seconds=seconds, audit_seq=asked_seq
    )


def _audit(layout: Layout, actor: str, action: str, details: object) -> int:
    with transaction(layout.operations_store) as connection:
        return audit.append(connection, actor=actor, action=action, subject=PAYMENT, details=details, at=utc_now())


async def _ask(credentials: Credentials, names: Sequence[str]) -> tuple[list[Redriven], str | None]:
    """Return what was answered, in the order of ``names``, and why it is not about all of them."""
    client = HttpClient(PAYMENT, credentials.services[PAYMENT])
    answered: list[Redriven] = []
    try:
        for start in range(0, len(names), MAX_REDRIVE):
            body = Redrive(ids=list(names[start : start + MAX_REDRIVE]))
            answered += (await _post(client, credentials.operator_key, body)).payments
    except ClusterError as error:
        return answered, str(error)
    finally:
        await client.close()
    return answered, None


async def _post(client: HttpClient, key: str, body: Redrive) -> RedriveReport:
    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    try:
        answer = await client.request(
            "POST", REDRIVE_PATH, headers=headers, body=_ENCODE(body), deadline=Deadline(_ASK_SECONDS), idempotent=True
        )
    except NoAnswer as error:
        raise ClusterError(
            f"{PAYMENT} did not answer ({error.detail}); redrive again when it does, which does no harm"
        ) from error
    except DependencyUnavailable as error:
        raise ClusterError(f"{PAYMENT} does not answer") from error
    if answer.status != HTTPStatus.OK:
        raise ClusterError(f"{PAYMENT} refused: {_detail(answer.body, answer.status)}")
    return _REPORT.decode(answer.body)


def _detail(body: bytes, status: int) -> str:
    try:
        return str(msgspec.json.decode(body)["detail"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return f"status {status}"


async def _settled(credentials: Credentials, ids: Sequence[UUID]) -> dict[UUID, Status]:
    """Look until nothing waits any more, or time is over; return the statuses seen last."""
    source = Source(PAYMENT, credentials.databases[PAYMENT])
    deadline = time.monotonic() + WAIT_SECONDS
    seen: dict[UUID, Status] = {}
    while True:
        found = await read_fact("statuses", source, lambda connection: payment_statuses(connection, list(ids)))
        if not isinstance(found, Unreadable):
            seen = found
            if not WAITING.intersection(seen.values()):
                return seen
        if time.monotonic() >= deadline:
            return seen
        await asyncio.sleep(_POLL_SECONDS)
