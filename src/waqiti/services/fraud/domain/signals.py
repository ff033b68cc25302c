"""What was unusual about payments of a batch's payers and payees, as it stands before each item of the batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from waqiti.contracts.fraud import ScoreRequest
from waqiti.scoring.view import View
from waqiti.services.fraud.domain.features import (
    DAY,
    MEMORY,
    Features,
    Signal,
    SignalKind,
    is_near,
    is_outsized,
)


class Signals:
    """Signals: what was read for a batch, and what the batch itself adds as it goes; ``added`` is to be stored."""

    def __init__(self, signals: Iterable[Signal], thresholds: Mapping[str, int]) -> None:
        self._thresholds = thresholds
        self._sent: dict[UUID, list[Signal]] = defaultdict(list)
        self._received: dict[UUID, list[Signal]] = defaultdict(list)
        self.added: list[Signal] = []
        for signal in signals:
            self._index(signal)

    def features(self, item: ScoreRequest, seen: View) -> Features:
        """Return the features of ``item``, with the signals of all before it, and add its own."""
        outsized = is_outsized(seen)
        near = seen.leaves_the_payer and is_near(item.amount, self._thresholds.get(item.currency))
        if outsized:
            self._add(item, "outsized")
        if near:
            self._add(item, "near_threshold")
        return self._features(item, seen.payer.days, outsized=outsized, near=near)

    def declined(self, item: ScoreRequest) -> None:
        """Remember that rules declined ``item``."""
        self._add(item, "declined")

    def _features(self, item: ScoreRequest, payer_days: int, *, outsized: bool, near: bool) -> Features:
        sent, received = self._sent.get(item.from_customer), self._received.get(item.from_customer)
        known = self._received.get(item.to_customer) if item.to_customer is not None else None
        if not sent and not received and not known:
            return Features(kind=item.kind, amount=item.amount, payer_days=payer_days)
        sent_outsized = _recent(sent, "outsized", item, DAY)
        sent_near = _recent(sent, "near_threshold", item, DAY)
        collected = _recent(received, "outsized", item, DAY)
        declined = _recent(known, "declined", item, MEMORY)
        return Features(
            kind=item.kind,
            amount=item.amount,
            payer_days=payer_days,
            outsized=outsized,
            near_threshold=near,
            outsized_payees=len({signal.payee for signal in sent_outsized}),
            near_threshold_payees=len({signal.payee for signal in sent_near}),
            near_threshold_payments=len(sent_near),
            payer_collected=sum(signal.amount for signal in collected),
            payer_collected_from=len({signal.payer for signal in collected}),
            payee_collected_from=len({signal.payer for signal in _recent(known, "outsized", item, DAY)}),
            payee_declined_payers=len({signal.payer for signal in declined} - {item.from_customer}),
        )

    def _add(self, item: ScoreRequest, kind: SignalKind) -> None:
        signal = Signal(
            payment_id=item.id,
            kind=kind,
            payer=item.from_customer,
            payee=item.to_customer,
            amount=item.amount,
            currency=item.currency,
            at=item.created_at,
        )
        self.added.append(signal)
        self._index(signal)

    def _index(self, signal: Signal) -> None:
        self._sent[signal.payer].append(signal)
        if signal.payee is not None:
            self._received[signal.payee].append(signal)


def _recent(signals: list[Signal] | None, kind: SignalKind, item: ScoreRequest, age: timedelta) -> list[Signal]:
    if not signals:
        return []
    since: datetime = item.created_at - age
    return [s for s in signals if s.kind == kind and s.currency == item.currency and s.at > since]
