"""Deposits and withdrawals."""

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import body, part
from waqiti.client.transport import Transport
from waqiti.contracts.public.wallets import Movement


class Movements(Resource[Mode]):
    """Deposits or withdrawals over a rail."""

    def __init__(self, transport: Transport, mode: Mode, path: str) -> None:
        super().__init__(transport, mode)
        self._path = path

    @operation
    async def create(
        self,
        *,
        wallet_id: str,
        amount: int,
        currency: str,
        rail: str = "sandbox",
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Movement:
        """Move ``amount`` minor units in or out."""
        fields = body(wallet_id=wallet_id, amount=amount, currency=currency, rail=rail, reference=reference)
        return await self._transport.post(self._path, fields, Movement, idempotency_key)

    @operation
    async def get(self, movement_id: str) -> Movement:
        """Read one."""
        return await self._transport.get(f"{self._path}/{part(movement_id)}", Movement)
