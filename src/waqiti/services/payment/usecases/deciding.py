"""Deciding payments: fraud and compliance in parallel, then the ledger; one call each for a whole batch."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER
from waqiti.contracts.compliance import ComplianceClient, ComplianceDecision, ScreenRequest
from waqiti.contracts.fraud import FraudClient, FraudDecision, ScoreRequest
from waqiti.contracts.ledger import LedgerClient, Transfer, TransferResult
from waqiti.foundation.errors import Problem
from waqiti.foundation.http.client import report_refusal
from waqiti.foundation.telemetry import logger
from waqiti.services.payment.domain import decisions
from waqiti.services.payment.domain.decisions import Clocks, Conclusion, Screened
from waqiti.services.payment.domain.payments import Queued

SCREEN_TIMEOUT_SECONDS: Final = 2.0
LEDGER_TIMEOUT_SECONDS: Final = 5.0
_UNDIGESTED: Final = 422
_EXPECTED: Final = frozenset({429, 503})

Answer = TypeVar("Answer")

_log = logger(__name__)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A payment to decide. The flags say that a service has been away for as long as we wait for it."""

    payment: Queued
    text: str | None = None
    trace: str | None = None
    without_score: bool = False
    without_compliance: bool = False
    given_up: bool = False


class Ready(msgspec.Struct, frozen=True):
    """A payment that the ledger can be asked about."""

    item: Item
    screened: Screened


class Screening(msgspec.Struct, frozen=True):
    """A batch after screening: what is ready, and what must wait for a service that is away."""

    ready: list[Ready]
    waiting: list[Item]


class LedgerAway(Exception):
    """The ledger did not answer: what it did is unknown, and the same ids are asked again."""


class Refused(Exception):
    """A service cannot digest what it was asked (422). Where that was one payment, the payment is to blame."""

    def __init__(self, service: str, problem: Problem) -> None:
        super().__init__(f"{service}: {problem}")


class Deciding:
    """Calls the three services that decide."""

    def __init__(self, fraud: FraudClient, compliance: ComplianceClient, ledger: LedgerClient, clocks: Clocks) -> None:
        self._fraud = fraud
        self._compliance = compliance
        self._ledger = ledger
        self._clocks = clocks

    async def screen(self, items: Sequence[Item]) -> Screening:
        """Score and screen; a service that is away decides nothing.

        Raises:
            Refused: one of them cannot digest the call.
        """
        fraud, compliance = await asyncio.gather(
            self._score(items),
            self._screen(items),
        )
        scores: Sequence[FraudDecision | None] = fraud or [None] * len(items)
        screenings: Sequence[ComplianceDecision | None] = compliance or [None] * len(items)
        screening = Screening([], [])
        for item, score, screened in zip(items, scores, screenings, strict=True):
            if item.given_up or _complete(item, score, screened):
                found = Screened(fraud=score, compliance=screened, given_up=item.given_up)
                screening.ready.append(Ready(item, found))
            else:
                screening.waiting.append(item)
        return screening

    async def post(self, ready: Sequence[Ready], now: datetime) -> list[Conclusion]:
        """Ask the ledger for the first step of every payment; return what its stored outcomes make of them.

        Raises:
            LedgerAway: it did not answer.
            Refused: it cannot digest the call.
        """
        chains = [decisions.first_step(one.item.payment, one.screened, self._clocks, now) for one in ready]
        results = await ask_ledger(self._ledger, chains)
        return [
            decisions.conclude(one.item.payment, one.screened, result, self._clocks, now)
            for one, result in zip(ready, results, strict=True)
        ]

    async def screen_again(self, items: Sequence[Item]) -> list[Screened] | None:
        """Score, and screen again, payments whose money is held; None where one of the services is away.

        Raises:
            Refused: one of them cannot digest the call.
        """
        scores, screenings = await asyncio.gather(self._score(items), self.screen_parties_again(items))
        if scores is None or screenings is None:
            return None
        return [
            Screened(fraud=score, compliance=screening) for score, screening in zip(scores, screenings, strict=True)
        ]

    async def screen_parties_again(self, items: Sequence[Item]) -> list[ComplianceDecision] | None:
        """Say what compliance-service has against payments whose money is held; None where it is away.

        What it said at first it says again, beside what it finds now.

        Raises:
            Refused: it cannot digest the call.
        """
        asked = self._compliance.screen_again(_screen_requests(items), timeout_seconds=SCREEN_TIMEOUT_SECONDS)
        first, again = await asyncio.gather(self._screen(items), unless_away(COMPLIANCE, asked))
        if first is None or again is None:
            return None
        return [decisions.both(before, now) for before, now in zip(first, again, strict=True)]

    async def flags_against(self, payment: Queued) -> tuple[str, ...]:
        """Return the refusals that the flags of both wallets give now.

        Raises:
            LedgerAway: it did not answer.
        """
        asked = self._ledger.accounts(
            [payment.from_account, payment.to_account], timeout_seconds=SCREEN_TIMEOUT_SECONDS
        )
        accounts = await unless_away(LEDGER, asked)
        if accounts is None:
            raise LedgerAway
        return decisions.flags_against(payment, accounts)

    async def _score(self, items: Sequence[Item]) -> list[FraudDecision] | None:
        asked = self._fraud.score(_score_requests(items), timeout_seconds=SCREEN_TIMEOUT_SECONDS)
        return await unless_away(FRAUD, asked)

    async def _screen(self, items: Sequence[Item]) -> list[ComplianceDecision] | None:
        asked = self._compliance.screen(_screen_requests(items), timeout_seconds=SCREEN_TIMEOUT_SECONDS)
        return await unless_away(COMPLIANCE, asked)


async def ask_ledger(ledger: LedgerClient, chains: Sequence[Sequence[Transfer]]) -> list[list[TransferResult]]:
    """Ask for chains of transfers in one call; return the results of each chain.

    Raises:
        LedgerAway: it did not answer.
        Refused: it cannot digest the call.
    """
    if not chains:
        return []
    transfers = [transfer for chain in chains for transfer in chain]
    results = await unless_away(LEDGER, ledger.post(transfers, timeout_seconds=LEDGER_TIMEOUT_SECONDS))
    if results is None:
        raise LedgerAway
    assert [result.id for result in results] == [transfer.id for transfer in transfers]
    answers: list[list[TransferResult]] = []
    start = 0
    for chain in chains:
        answers.append(results[start : start + len(chain)])
        start += len(chain)
    return answers


async def unless_away(service: str, call: Awaitable[Answer]) -> Answer | None:
    """Return the answer; None where ``service`` decides nothing: away, overloaded, its answer lost, or it refuses us.

    A refusal of the caller (a wrong key, a route or version that it does not know) says nothing about any payment: they
    wait, and it is an error for somebody to mend.

    Raises:
        Refused: 422.
    """
    try:
        return await call
    except Problem as problem:
        if problem.status == _UNDIGESTED:
            raise Refused(service, problem) from problem
        if problem.status in _EXPECTED:
            _log.warning("service_away", service=service, detail=problem.detail)
        else:
            report_refusal(service, problem.status, problem.detail)
        return None


def _complete(item: Item, score: FraudDecision | None, screened: ComplianceDecision | None) -> bool:
    return (score is not None or item.without_score) and (screened is not None or item.without_compliance)


def _score_requests(items: Sequence[Item]) -> list[ScoreRequest]:
    return [
        ScoreRequest(
            id=payment.payment_id,
            kind="payment",
            from_wallet=payment.from_wallet,
            to_wallet=payment.to_wallet,
            from_customer=payment.from_customer,
            to_customer=payment.to_customer,
            amount=payment.amount,
            currency=payment.currency,
            created_at=payment.at,
        )
        for payment in (item.payment for item in items)
    ]


def _screen_requests(items: Sequence[Item]) -> list[ScreenRequest]:
    return [
        ScreenRequest(
            id=item.payment.payment_id,
            kind="payment",
            from_customer=item.payment.from_customer,
            to_customer=item.payment.to_customer,
            amount=item.payment.amount,
            currency=item.payment.currency,
            created_at=item.payment.at,
            text=item.text,
        )
        for item in items
    ]
