"""The ledger as one would first write it: no batches, no locks, every balance a sum over everything. For comparing."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from waqiti.contracts import refusals
from waqiti.contracts.ledger import OpenAccount, Transfer


class Outcome(msgspec.Struct, frozen=True):
    """What the model says of one item; the same fields as a result of the ledger, but for the time."""

    outcome: str
    amount: int
    code: str | None
    existed: bool
    differs: str | None


@dataclass
class Kept:
    item: Transfer
    outcome: str
    amount: int
    code: str | None


@dataclass
class ModelAccount:
    facts: OpenAccount
    frozen: str = "none"
    closed: bool = False


@dataclass
class NaiveLedger:
    """Ledger of few accounts and transfers."""

    accounts: dict[UUID, ModelAccount] = field(default_factory=dict)
    kept: dict[UUID, Kept] = field(default_factory=dict)

    def post(self, batch: Sequence[Transfer], now: datetime) -> list[Outcome]:
        outcomes: list[Outcome] = []
        chain: list[Transfer] = []
        for index, item in enumerate(batch):
            chain.append(item)
            if not item.linked or index == len(batch) - 1:
                outcomes += self._chain(chain, now)
                chain = []
        return outcomes

    def posted(self, account: UUID) -> int:
        moved = [row for row in self.kept.values() if row.outcome in ("posted", "captured")]
        return sum(row.amount for row in moved if row.item.credit == account) - sum(
            row.amount for row in moved if row.item.debit == account
        )

    def held(self, account: UUID) -> int:
        return sum(row.amount for row in self._open_holds() if row.item.debit == account)

    def expected(self, account: UUID) -> int:
        return sum(row.amount for row in self._open_holds() if row.item.credit == account)

    def available(self, account: UUID) -> int:
        return self.posted(account) - self.held(account)

    def _open_holds(self) -> list[Kept]:
        return [row for id_, row in self.kept.items() if row.outcome == "held" and not self._resolved(id_)]

    def _resolved(self, hold: UUID) -> bool:
        return any(
            row.item.target == hold and row.outcome in ("captured", "voided", "expired") for row in self.kept.values()
        )

    def _chain(self, chain: list[Transfer], now: datetime) -> list[Outcome]:
        known = {item.id for item in chain if item.id in self.kept}
        new = [item for i, item in enumerate(chain) if item.id not in {one.id for one in chain[:i]} | known]
        trial = copy.deepcopy(self)
        codes: list[str] = []
        broken = any(
            self.kept[item.id].outcome == "refused" or self._differs(item) for item in chain if item.id in known
        )
        paid_in: list[UUID] = []
        failed: UUID | None = None
        for item in new:
            code = "linked_refused" if broken or codes else trial._code(item, now, paid_in)
            if code is not None:
                codes.append(code)
                failed = item.id
                break
            trial._keep(item)
            paid_in.append(item.credit)
        for item in new:
            if not codes:
                self._keep(item)
            else:
                own = item.id == failed and not broken
                self.kept[item.id] = Kept(item, "refused", 0, codes[0] if own else "linked_refused")
        seen = set(known)
        outcomes = []
        for item in chain:
            row = self.kept[item.id]
            differs = self._differs(item) if item.id in seen else None
            outcomes.append(Outcome(row.outcome, row.amount, row.code, item.id in seen, differs))
            seen.add(item.id)
        return outcomes

    def _keep(self, item: Transfer) -> None:
        names = {"post": "posted", "hold": "held", "capture": "captured", "void": "voided", "expire": "expired"}
        amount = item.amount
        if item.kind in ("void", "expire"):
            amount = self.kept[item.target].amount  # type: ignore[index]
        self.kept[item.id] = Kept(item, names[item.kind], amount, None)

    def _differs(self, item: Transfer) -> str | None:
        first = self.kept[item.id].item
        fields = ["kind", "purpose", "debit", "credit", "currency", "amount", "target", "expires_at"]
        if item.kind in ("void", "expire"):
            fields.remove("amount")
        if item.kind != "hold":
            fields.remove("expires_at")
        for name in fields:
            if getattr(first, name) != getattr(item, name):
                return name
        return None

    def _code(self, item: Transfer, now: datetime, paid_in: list[UUID]) -> str | None:
        if item.kind == "refuse":
            return min(item.refusals, key=_rank)
        if item.kind in ("capture", "void", "expire"):
            unresolvable = self._against_resolution(item)
            if unresolvable is not None or item.kind != "capture":
                return unresolvable
        codes = [*item.refusals, *self._against_accounts(item, paid_in, now)]
        return min(codes, key=_rank, default=None)

    def _against_resolution(self, item: Transfer) -> str | None:
        hold = self._target(item)
        if hold is None or hold.outcome != "held" or _sides(hold.item) != _sides(item):
            return "hold_unknown"
        return "hold_resolved" if self._resolved(hold.item.id) else None

    def _against_accounts(self, item: Transfer, paid_in: list[UUID], now: datetime) -> list[str]:
        if item.debit not in self.accounts or item.credit not in self.accounts:
            return ["account_unknown"]
        debit, credit = self.accounts[item.debit], self.accounts[item.credit]
        if not debit.facts.currency == credit.facts.currency == item.currency:
            return ["currency_mismatch"]
        spared = debit.frozen == "debits" and item.purpose == "fee" and item.debit in paid_in
        found = {
            "wallet_closed": debit.closed or credit.closed,
            "wallet_frozen": (debit.frozen != "none" and not spared) or credit.frozen == "all",
            "insufficient_funds": item.kind != "capture" and not self._affordable(item, debit.facts.minimum),
            "limit_exceeded": item.max_credit_balance is not None
            and self._has_or_expects(item) + item.amount > item.max_credit_balance,
            "exceeds_original": item.purpose == "refund" and item.amount > self._refundable(item),
        }
        if item.kind == "capture":
            hold = self._target(item)
            assert hold is not None
            found["exceeds_hold"] = item.amount > hold.amount
            found["hold_expired"] = hold.item.expires_at is not None and hold.item.expires_at <= now
        return [code for code, holds in found.items() if holds]

    def _affordable(self, item: Transfer, minimum: int | None) -> bool:
        return minimum is None or self.available(item.debit) - item.amount >= minimum

    def _has_or_expects(self, item: Transfer) -> int:
        """What the credited account has and other open holds may still pay in."""
        own = self._target(item) if item.kind == "capture" else None
        return self.posted(item.credit) + self.expected(item.credit) - (0 if own is None else own.amount)

    def _refundable(self, item: Transfer) -> int:
        original = self._target(item)
        if original is None or original.outcome not in ("posted", "captured"):
            return 0
        debit, credit, currency = _sides(original.item)
        if _sides(item) != (credit, debit, currency):
            return 0
        refunds = [row for row in self.kept.values() if row.outcome == "posted" and row.item.purpose == "refund"]
        return original.amount - sum(row.amount for row in refunds if row.item.target == item.target)

    def _target(self, item: Transfer) -> Kept | None:
        return None if item.target is None else self.kept.get(item.target)


def _sides(item: Transfer) -> tuple[UUID, UUID, str]:
    return item.debit, item.credit, item.currency


def _rank(code: str) -> int:
    return refusals.ORDER.index(code) if code in refusals.ORDER else len(refusals.ORDER)
