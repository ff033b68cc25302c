"""The history of a batch's payers and payees, as it stands before each item of the batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from waqiti.contracts.fraud import ScoreRequest
from waqiti.services.fraud.domain.features import (
    DAY,
    MEMORY,
    Features,
    PayerHistory,
    Profile,
    Signal,
    SignalKind,
    is_near,
    leaves_the_customer,
    period_of,
)

PayerKey = tuple[UUID, str]
_NOTHING: Final = Profile()


class History:
    """What was read for a batch, and what the batch itself adds as it goes; ``added`` is to be stored."""

    def __init__(
        self,
        profiles: Mapping[PayerKey, PayerHistory],
        signals: Iterable[Signal],
        thresholds: Mapping[str, int],
    ) -> None:
        self._profiles = profiles
        self._thresholds = thresholds
        self._sent: dict[UUID, list[Signal]] = defaultdict(list)
        self._received: dict[UUID, list[Signal]] = defaultdict(list)
        self.added_profiles: dict[PayerKey, PayerHistory] = {}
        self.added_signals: list[Signal] = []
        for signal in signals:
            self._index(signal)

    def features(self, item: ScoreRequest) -> Features:
        """Return the features of ``item``, with all items before it counted, and count it."""
        profile = self._profile(item)
        leaves = leaves_the_customer(item)
        outsized = leaves and profile.is_outsized(item.amount)
        near = leaves and is_near(item.amount, self._thresholds.get(item.currency))
        if outsized:
            self._add(item, "outsized")
        if near:
            self._add(item, "near_threshold")
        self._count(item)
        return self._features(item, profile, outsized=outsized, near=near)

    def declined(self, item: ScoreRequest) -> None:
        """Remember that ``item`` was declined."""
        if leaves_the_customer(item):
            self._add(item, "declined")

    def _features(self, item: ScoreRequest, profile: Profile, *, outsized: bool, near: bool) -> Features:
        sent, received = self._sent.get(item.from_customer), self._received.get(item.from_customer)
        known = self._received.get(item.to_customer) if item.to_customer is not None else None
        if not sent and not received and not known:
            return Features(kind=item.kind, amount=item.amount, payer_days=profile.days)
        sent_outsized = _recent(sent, "outsized", item, DAY)
        sent_near = _recent(sent, "near_threshold", item, DAY)
        collected = _recent(received, "outsized", item, DAY)
        declined = _recent(known, "declined", item, MEMORY)
        return Features(
            kind=item.kind,
            amount=item.amount,
            payer_days=profile.days,
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

    def _profile(self, item: ScoreRequest) -> Profile:
        key, period = (item.from_customer, item.currency), period_of(_day(item))
        stored, added = self._profiles.get(key), self.added_profiles.get(key)
        profile = stored.at(period) if stored is not None else _NOTHING
        return profile.plus(added.present) if added is not None else profile

    def _count(self, item: ScoreRequest) -> None:
        if item.kind == "exchange":
            return
        key, day = (item.from_customer, item.currency), _day(item)
        added = self.added_profiles.get(key)
        before = added.present if added is not None else _NOTHING
        period = max(period_of(day), added.period if added is not None else 0)
        present = before.plus(Profile.of(item.amount, day))
        self.added_profiles[key] = PayerHistory(period=period, present=present, earlier=_NOTHING)

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
        self.added_signals.append(signal)
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


def _day(item: ScoreRequest) -> date:
    return item.created_at.astimezone(UTC).date()
