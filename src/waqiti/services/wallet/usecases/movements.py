"""Asking for deposits and withdrawals, and reading them."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from waqiti.contracts.public.wallets import Movement
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import RequestKey, finish
from waqiti.foundation.ids import new_id
from waqiti.services.wallet import store
from waqiti.services.wallet.domain.movements import FIRST_STEP, UNDECIDED, Kind, MovementRow
from waqiti.services.wallet.domain.rails import Rail
from waqiti.services.wallet.domain.wallets import WalletRow
from waqiti.services.wallet.usecases.answers import Answer, answer_once, encode
from waqiti.services.wallet.usecases.attempts import Attempts
from waqiti.services.wallet.usecases.views import movement_view
from waqiti.services.wallet.usecases.wallets import Wallets


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks to move; ``actor`` is the id of its key."""

    kind: Kind
    wallet_id: UUID
    amount: int
    currency: str
    rail: str
    reference: str | None
    actor: str


class Movements:
    """Takes deposits and withdrawals, drives them at once, and shows them."""

    def __init__(self, database: Database, wallets: Wallets, rails: Mapping[str, Rail], attempts: Attempts) -> None:
        self._database = database
        self._wallets = wallets
        self._rails = rails
        self._attempts = attempts

    async def ask(self, request: RequestKey, request_id: str, asked: Asked) -> Answer:
        """Store a movement and drive it as far as it goes by itself: 201, or 202 where that takes longer.

        Raises:
            Problem: 422 where the rail does not know the reference's directives or the wallet has another currency.
        """
        self._rails[asked.rail].check(asked.kind, asked.reference)
        await self._check_currency(asked)

        async def work(movement_id: UUID) -> Answer:
            wallet = await self._wallets.row(asked.wallet_id)
            movement = await self._attempt(await self._stored(movement_id, wallet, asked))
            return await self._answer(request, movement_id, asked.kind, movement)

        return await answer_once(self._database, request, request_id, work)

    async def read(self, kind: Kind, movement_id: UUID) -> Movement:
        """Read a movement.

        Raises:
            Problem: 404 where there is none.
        """
        return movement_view(await self._row(kind, movement_id))

    async def _check_currency(self, asked: Asked) -> None:
        """Refuse another currency than the wallet's before the key is taken; an unknown wallet is refused after."""
        found = await self._wallets.facts([asked.wallet_id])
        if found and found[0].currency != asked.currency:
            raise Problem.invalid(f"The wallet holds {found[0].currency}.", pointer="/currency")

    async def _stored(self, movement_id: UUID, wallet: WalletRow, asked: Asked) -> MovementRow | None:
        """Store the movement under a lease of ours; None where it is there and somebody drives it, or nobody must."""
        movement = _new(movement_id, wallet, asked)
        async with self._database.transaction() as connection:
            fresh = await store.movements.insert(connection, movement, asked.actor)
            if fresh:
                return movement
            assert movement.lease is not None
            return await store.movements.claim_one(connection, movement_id, movement.lease)

    async def _attempt(self, movement: MovementRow | None) -> MovementRow | None:
        return await self._attempts.drive(movement) if movement is not None else None

    async def _answer(self, request: RequestKey, movement_id: UUID, kind: Kind, driven: MovementRow | None) -> Answer:
        """Answer with the movement as it stands; stored once this request has driven it, or it is decided."""
        row = driven or await self._row(kind, movement_id)
        decided = row.status not in UNDECIDED
        status, body = 201 if decided else 202, encode(movement_view(row))
        if driven is None and not decided:
            return Answer(status, body)
        async with self._database.transaction() as connection:
            stored = await finish(connection, request, status, body)
        return Answer(stored.status, stored.body)

    async def _row(self, kind: Kind, movement_id: UUID) -> MovementRow:
        async with self._database.connection() as connection:
            found = await store.movements.find(connection, movement_id, kind)
        if found is None:
            raise Problem.not_found(f"There is no {kind} with this id.")
        return found


def _new(movement_id: UUID, wallet: WalletRow, asked: Asked) -> MovementRow:
    now = utc_now()
    return MovementRow(
        id=movement_id,
        kind=asked.kind,
        wallet_id=wallet.id,
        customer_id=wallet.customer_id,
        amount=asked.amount,
        currency=asked.currency,
        rail=asked.rail,
        reference=asked.reference,
        status="pending",
        step=FIRST_STEP[asked.kind],
        failure_code=None,
        failure_detail=None,
        rail_reference=None,
        review=None,
        verdict=None,
        capture_round=0,
        attempts=0,
        lease=new_id(),
        created_at=now,
        changed_at=now,
    )
