"""Having payment-service move payments on: audited before it is asked, and looked after until they have moved."""

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.catalog import PAYMENT
from waqiti.contracts.payment import MAX_REDRIVE, REDRIVE_PATH, Redrive, RedriveAction, RedriveReport, Status
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable
from waqiti.foundation.http.client import Deadline, HttpClient, NoAnswer
from waqiti.foundation.ids import encode
from waqiti.operations.cluster.credentials_file import Credentials
from waqiti.operations.cluster.errors import ClusterError
from waqiti.operations.cluster.layout import Layout
from waqiti.operations.facts.payment import payment_statuses
from waqiti.operations.facts.reading import Source, Unreadable, read_fact
from waqiti.operations.store import audit, transaction

WAIT_SECONDS: Final = 10.0
_ASK_SECONDS: Final = 8.0
_POLL_SECONDS: Final = 0.1
_WAITING: Final[frozenset[Status]] = frozenset({"created", "screening"})
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
        return self.after is not None and self.after not in _WAITING


class RedriveDone(msgspec.Struct, frozen=True, kw_only=True):
    """``stuck`` are those that still wait, or are not known; ``audit_seq`` is the entry that says who wanted it."""

    payments: list[Outcome]
    stuck: list[str]
    seconds: float
    audit_seq: int | None


class _Wanted(msgspec.Struct, frozen=True):
    payments: Sequence[str]
    reason: str


class _Came(msgspec.Struct, frozen=True, kw_only=True):
    asked_seq: int
    actions: dict[str, int]
    stuck: list[str]


async def redrive(
    layout: Layout, credentials: Credentials, ids: Sequence[UUID], *, actor: str, reason: str
) -> RedriveDone:
    """Redrive payments and wait, for ten seconds at most, until something is decided about each.

    Doing it again does no harm. Both what was wanted and what came of it are audited.

    Raises:
        ClusterError: the operations store cannot be used, or payment-service does not answer or refuses.
    """
    began = time.monotonic()
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return RedriveDone(payments=[], stuck=[], seconds=0.0, audit_seq=None)
    names = [encode(prefixes.PAYMENT, one) for one in wanted]
    asked_seq = _audit(layout, actor, "payments.redrive", _Wanted(names, reason))
    report = await _ask(credentials, names, reason)
    after = await _settled(credentials, wanted)
    done = [
        Outcome(id=one.id, action=one.action, before=one.status, after=after.get(identifier))
        for identifier, one in zip(wanted, report.payments, strict=True)
    ]
    stuck = [one.id for one in done if not one.moved]
    actions: dict[str, int] = {}
    for one in done:
        actions[one.action] = actions.get(one.action, 0) + 1
    _audit(layout, actor, "payments.redriven", _Came(asked_seq=asked_seq, actions=actions, stuck=stuck))
    return RedriveDone(payments=done, stuck=stuck, seconds=round(time.monotonic() - began, 3), audit_seq=asked_seq)


def _audit(layout: Layout, actor: str, action: str, details: object) -> int:
    with transaction(layout.operations_store) as connection:
        return audit.append(connection, actor=actor, action=action, subject=PAYMENT, details=details, at=utc_now())


async def _ask(credentials: Credentials, names: Sequence[str], reason: str) -> RedriveReport:
    client = HttpClient(PAYMENT, credentials.services[PAYMENT])
    try:
        answers = [
            await _post(client, credentials.operator_key, Redrive(ids=list(part), reason=reason))
            for part in (names[start : start + MAX_REDRIVE] for start in range(0, len(names), MAX_REDRIVE))
        ]
    finally:
        await client.close()
    return RedriveReport([one for answer in answers for one in answer.payments])


async def _post(client: HttpClient, key: str, body: Redrive) -> RedriveReport:
    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    try:
        answer = await client.request(
            "POST", REDRIVE_PATH, headers=headers, body=_ENCODE(body), deadline=Deadline(_ASK_SECONDS), idempotent=True
        )
    except NoAnswer as error:
        raise ClusterError(
            f"{PAYMENT} did not answer ({error.detail}): redrive again when it does, which does no harm"
        ) from error
    except DependencyUnavailable as error:
        raise ClusterError(f"{PAYMENT} does not answer: nothing was redriven") from error
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
            if not _WAITING.intersection(seen.values()):
                return seen
        if time.monotonic() >= deadline:
            return seen
        await asyncio.sleep(_POLL_SECONDS)
