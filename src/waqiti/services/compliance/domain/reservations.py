"""What is decided about one movement of money, and what it reserves."""

from collections.abc import Mapping
from datetime import UTC, date
from typing import Final, Literal
from uuid import UUID

import msgspec

from waqiti.contracts.compliance import (
    ComplianceDecision,
    CustomerFacts,
    ScreeningOutcome,
    ScreenRequest,
)
from waqiti.contracts.fraud import Reason
from waqiti.contracts.refusals import CUSTOMER_BLOCKED, CUSTOMER_NOT_ACTIVE, LIMIT_EXCEEDED, SANCTIONS_HIT
from waqiti.services.compliance.domain.limits import Counter, LimitTable, Period, TierLimits, counters

State = Literal["reserved", "confirmed", "released", "refused", "unlimited"]

# Coarse on purpose: a payer learns neither whose name was found nor on which list.
_REASONS: Final = {
    CUSTOMER_BLOCKED: Reason(SANCTIONS_HIT, "A party to this payment may not pay or be paid."),
    CUSTOMER_NOT_ACTIVE: Reason(CUSTOMER_NOT_ACTIVE, "A party to this payment is not an active customer."),
    SANCTIONS_HIT: Reason(SANCTIONS_HIT, "The text of this payment may not be sent."),
}
_NAMED: Final = Reason("sanctions_possible", "The text of this payment is looked at first.")
_LIMIT_REASONS: Final[dict[Literal["payment", "day", "month"], Reason]] = {
    "payment": Reason(LIMIT_EXCEEDED, "The amount is above the payer's limit for one payment."),
    "day": Reason(LIMIT_EXCEEDED, "The amount would pass the payer's limit for the day."),
    "month": Reason(LIMIT_EXCEEDED, "The amount would pass the payer's limit for the month."),
}
_CONFIRMED: Final = frozenset({CUSTOMER_BLOCKED, SANCTIONS_HIT})


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """The one row of a movement: the decision, and what it counts in its windows while ``reserved`` or ``confirmed``.

    ``unlimited`` movements (deposits) reserve nothing.
    """

    item: ScreenRequest
    state: State
    decision: ComplianceDecision
    limits: TierLimits | None = None

    @property
    def day(self) -> date:
        """The day, in UTC, whose windows it counts in."""
        return self.item.created_at.astimezone(UTC).date()

    @property
    def counters(self) -> tuple[Counter, ...]:
        """The counters that it takes from."""
        if self.state != "reserved":
            return ()
        assert self.item.from_customer is not None
        return counters(self.item.from_customer, self.item.currency, self.item.created_at)

    def limit(self, period: Period) -> int:
        """Return what the window of ``period`` may count up to."""
        assert self.limits is not None
        return self.limits.of(period, self.item.currency)


class Assessor:
    """Decides about single movements by what is known of their parties, before any window is looked at."""

    def __init__(
        self,
        customers: Mapping[UUID, CustomerFacts],
        limits: LimitTable,
        texts: Mapping[str, ScreeningOutcome],
    ) -> None:
        """Take what is known of parties, and what every text says that comes along (``screening.read_texts``)."""
        self._customers = customers
        self._limits = limits
        self._texts = texts

    def assess(self, item: ScreenRequest) -> Reservation:
        """Return the reservation that ``item`` asks for, or its refusal."""
        refusals = self._refusals(item)
        if refusals:
            return _refused_for(item, refusals)
        limits = self._payer_limits(item)
        if limits is not None and not limits.allows(item.amount, item.currency):
            return over_limit(item, "payment")
        state: State = "reserved" if limits is not None else "unlimited"
        return Reservation(item=item, state=state, decision=self._passed(item), limits=limits)

    def assess_again(self, item: ScreenRequest) -> ComplianceDecision:
        """Decide about a movement that has its reservation, by its parties and its text."""
        refusals = self._refusals(item)
        return _refused_for(item, refusals).decision if refusals else self._passed(item)

    def _refusals(self, item: ScreenRequest) -> list[str]:
        refusals = self._party_refusals(item)
        if self._mentioned(item) == "confirmed":
            refusals.append(SANCTIONS_HIT)
        return refusals

    def _mentioned(self, item: ScreenRequest) -> ScreeningOutcome:
        """Return what the text of a movement says: who is named in it, or perhaps named, is not paid unseen."""
        return self._texts[item.text] if item.text is not None else "clear"

    def _party_refusals(self, item: ScreenRequest) -> list[str]:
        codes: list[str] = []
        for party in (item.from_customer, item.to_customer):
            code = self._refusal(party) if party is not None else None
            if code is not None and code not in codes:
                codes.append(code)
        return codes

    def _refusal(self, party: UUID) -> str | None:
        customer = self._customers.get(party)
        if customer is None or customer.status == "in_review":
            return CUSTOMER_NOT_ACTIVE
        return CUSTOMER_BLOCKED if customer.status == "blocked" else None

    def _payer_limits(self, item: ScreenRequest) -> TierLimits | None:
        if item.from_customer is None or item.kind == "deposit":
            return None
        return self._limits.at(self._customers[item.from_customer].tier, item.created_at)

    def _passed(self, item: ScreenRequest) -> ComplianceDecision:
        payee = self._customers[item.to_customer] if item.to_customer is not None else None
        balance = None
        if payee is not None:
            balance = self._limits.at(payee.tier, item.created_at).max_balance(item.currency)
        possible = self._mentioned(item) == "possible"
        return ComplianceDecision(
            id=item.id,
            outcome="possible" if possible else "clear",
            refusals=[],
            reasons=[_NAMED] if possible else [],
            max_credit_balance=balance,
        )


def refused(item: ScreenRequest, refusals: list[str], reasons: list[Reason]) -> Reservation:
    """Return a refusal, which reserves nothing."""
    outcome: ScreeningOutcome = "clear" if _CONFIRMED.isdisjoint(refusals) else "confirmed"
    decision = ComplianceDecision(id=item.id, outcome=outcome, refusals=refusals, reasons=reasons)
    return Reservation(item=item, state="refused", decision=decision)


def _refused_for(item: ScreenRequest, refusals: list[str]) -> Reservation:
    return refused(item, refusals, [_REASONS[code] for code in refusals])


def over_limit(item: ScreenRequest, which: Literal["payment", "day", "month"]) -> Reservation:
    """Return the refusal of a movement that passes a limit."""
    return refused(item, [LIMIT_EXCEEDED], [_LIMIT_REASONS[which]])
