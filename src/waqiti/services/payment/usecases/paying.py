"""A client pays: check, accept, wait as asked."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.payment import WAITING, PaymentResult
from waqiti.contracts.wallet import WalletFacts
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import RequestKey, Resumed, begin
from waqiti.foundation.ids import new_id
from waqiti.services.payment.domain.payments import Facts, Payment, State
from waqiti.services.payment.store import payments
from waqiti.services.payment.store.acceptance import NewPayment
from waqiti.services.payment.usecases.accepting import Accepted, Acceptor
from waqiti.services.payment.usecases.waiting import Waiters, Watch
from waqiti.services.payment.usecases.wallets import Wallets

DEFAULT_WAIT_SECONDS: Final = 5.0
MAX_WAIT_SECONDS: Final = 30.0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a client wants paid, already valid in itself. ``pointer`` is where the order stands in the body."""

    from_wallet: UUID
    to_wallet: UUID
    amount: int
    currency: str
    manual: bool
    fee: int
    description: str | None
    metadata: dict[str, str] | None
    key_hash: bytes
    body_hash: bytes
    created_by: str
    pointer: str = ""


class Paid(msgspec.Struct, frozen=True):
    """The payment as it stands now; ``replayed`` where its key was used before."""

    payment: Payment
    replayed: bool


class PaidBatch(msgspec.Struct, frozen=True):
    """One outcome per order of a batch; ``replayed`` where the batch's own key was used before."""

    outcomes: list[Paid | Problem]
    replayed: bool


class _Pending:
    """One order on its way through ``Paying.pay``."""

    __slots__ = ("accepted", "payment", "row", "watch")

    def __init__(self, row: NewPayment, watch: Watch) -> None:
        self.row = row
        self.watch = watch
        self.accepted: Accepted | None = None
        self.payment: Payment | None = None


class Paying:
    """Takes orders; used by ``POST /v1/payments`` and by batches alike."""

    def __init__(self, database: Database, wallets: Wallets, acceptor: Acceptor, waiters: Waiters) -> None:
        self._database = database
        self._wallets = wallets
        self._acceptor = acceptor
        self._waiters = waiters

    async def pay(self, orders: Sequence[Order], wait_seconds: float) -> list[Paid | Problem]:
        """Accept orders and wait until each is decided or the time is over; one outcome each, in order.

        Raises:
            Problem: nothing could be looked up or accepted at all (503).
        """
        wanted = {wallet for order in orders for wallet in (order.from_wallet, order.to_wallet)}
        wallets = await self._wallets.find(wanted)
        outcomes = [self._begin(order, wallets) for order in orders]
        pending = [outcome for outcome in outcomes if isinstance(outcome, _Pending)]
        try:
            problems = await self._accept(pending)
            await self._wait(pending, wait_seconds)
            await self._read(pending, waited=wait_seconds > 0)
        finally:
            for one in pending:
                self._waiters.forget(one.watch)
        return [_outcome(outcome, problems) for outcome in outcomes]

    async def pay_batch(self, request: RequestKey, orders: Sequence[Order | Problem], wait_seconds: float) -> PaidBatch:
        """Keep the key of a batch and ``pay`` the orders in it that could be read; the others keep their problem.

        What is stored under the batch's key is its body, not its answer: each payment stands under a key of its own.

        Raises:
            Problem: what ``begin`` and ``pay`` raise.
        """
        async with self._database.transaction() as connection:
            found = await begin(connection, request, new_id)
        paid = iter(await self.pay([order for order in orders if isinstance(order, Order)], wait_seconds))
        outcomes = [next(paid) if isinstance(order, Order) else order for order in orders]
        known = all(outcome.replayed for outcome in outcomes if not isinstance(outcome, Problem))
        return PaidBatch(outcomes, replayed=known and isinstance(found, Resumed))

    def _begin(self, order: Order, wallets: dict[UUID, WalletFacts]) -> _Pending | Problem:
        try:
            facts = _facts(order, wallets)
        except Problem as problem:
            return problem
        return _Pending(NewPayment(facts, order.key_hash, order.body_hash), self._waiters.watch(facts.id))

    async def _accept(self, pending: Sequence[_Pending]) -> dict[_Pending, Problem]:
        if not pending:
            return {}
        problems: dict[_Pending, Problem] = {}
        outcomes = await self._acceptor.accept([one.row for one in pending])
        for one, outcome in zip(pending, outcomes, strict=True):
            if isinstance(outcome, Problem):
                problems[one] = outcome
                self._waiters.forget(one.watch)
                continue
            one.accepted = outcome
            if outcome.replayed:
                self._waiters.forget(one.watch)
                one.watch = self._waiters.watch(outcome.payment_id)
        await self._read_replayed([one for one in pending if one.accepted and one.accepted.replayed])
        return problems

    async def _read_replayed(self, replayed: Sequence[_Pending]) -> None:
        """Read what is known under a key that was used before; what is decided already need not be waited for."""
        if replayed:
            await self._load(replayed)

    async def _wait(self, pending: Sequence[_Pending], wait_seconds: float) -> None:
        undecided = [one.watch for one in pending if one.accepted and (one.payment is None or _is_waiting(one.payment))]
        await self._waiters.wait(undecided, wait_seconds)

    async def _read(self, pending: Sequence[_Pending], *, waited: bool) -> None:
        for one in pending:
            result = one.watch.result if one.accepted else None
            if result is not None and (one.payment is None or _is_waiting(one.payment)):
                facts = one.row.facts if one.payment is None else one.payment.facts
                one.payment = Payment(facts, _state(result))
        unknown = [one for one in pending if one.accepted and (one.payment is None or _is_waiting(one.payment))]
        if unknown and waited:
            await self._load(unknown)
        for one in unknown:
            one.payment = one.payment or Payment(one.row.facts, State(updated_at=one.row.facts.created_at))

    async def _load(self, pending: Sequence[_Pending]) -> None:
        async with self._database.connection() as connection:
            found = await payments.read(connection, [one.watch.payment_id for one in pending])
        by_id = {payment.facts.id: payment for payment in found}
        for one in pending:
            one.payment = by_id[one.watch.payment_id]


def _facts(order: Order, wallets: dict[UUID, WalletFacts]) -> Facts:
    payer = _wallet(wallets, order.from_wallet)
    payee = _wallet(wallets, order.to_wallet)
    for wallet, side in ((payer, "from_wallet"), (payee, "to_wallet")):
        if wallet.currency != order.currency:
            detail = f"The wallet of {side} holds {wallet.currency}."
            raise Problem.invalid(detail, pointer=f"{order.pointer}/currency")
    return Facts(
        id=new_id(),
        from_wallet=payer.id,
        to_wallet=payee.id,
        from_account=payer.account_id,
        to_account=payee.account_id,
        from_customer=payer.customer_id,
        to_customer=payee.customer_id,
        amount=order.amount,
        currency=order.currency,
        manual=order.manual,
        fee=order.fee,
        description=order.description,
        metadata=order.metadata,
        created_by=order.created_by,
        created_at=utc_now(),
    )


def _wallet(wallets: dict[UUID, WalletFacts], wallet: UUID) -> WalletFacts:
    facts = wallets.get(wallet)
    if facts is None:
        raise Problem.not_found("There is no such wallet.")
    return facts


def _is_waiting(payment: Payment) -> bool:
    return payment.state.status in WAITING


def _state(result: PaymentResult) -> State:
    return State(
        status=result.status,
        captured=result.amount_captured,
        refunded=result.amount_refunded,
        failure_code=result.failure_code,
        decision=result.decision,
        updated_at=result.at,
    )


def _outcome(outcome: "_Pending | Problem", problems: dict[_Pending, Problem]) -> Paid | Problem:
    if isinstance(outcome, Problem):
        return outcome
    if outcome in problems:
        return problems[outcome]
    assert outcome.payment is not None
    assert outcome.accepted is not None
    return Paid(outcome.payment, outcome.accepted.replayed)
