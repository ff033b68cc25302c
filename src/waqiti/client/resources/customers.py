"""Customers."""

from datetime import date

from waqiti.client.calling import Mode, Resource, operation
from waqiti.client.requests import body, part
from waqiti.contracts.public.customers import Customer


class Customers(Resource[Mode]):
    """Customers and their verification."""

    @operation
    async def create(
        self,
        *,
        name: str,
        country: str,
        date_of_birth: date | None = None,
        email: str | None = None,
        idempotency_key: str | None = None,
    ) -> Customer:
        """Onboard a customer; ``status`` tells whether screening found something."""
        fields = body(name=name, country=country, date_of_birth=date_of_birth, email=email)
        return await self._transport.post("/v1/customers", fields, Customer, idempotency_key)

    @operation
    async def get(self, customer_id: str) -> Customer:
        """Read a customer."""
        return await self._transport.get(f"/v1/customers/{part(customer_id)}", Customer)

    @operation
    async def verify(
        self,
        customer_id: str,
        *,
        tier: str,
        documents: list[dict[str, str]] | None = None,
        idempotency_key: str | None = None,
    ) -> Customer:
        """Give a customer a tier (operators only); each document has a ``kind`` and a ``reference``."""
        path = f"/v1/customers/{part(customer_id)}/verification"
        return await self._transport.post(path, body(tier=tier, documents=documents), Customer, idempotency_key)
