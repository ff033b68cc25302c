"""Taking on customers, reading them, giving them tiers."""

from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.compliance import CustomerFacts
from waqiti.contracts.public.customers import Customer
from waqiti.foundation import ids
from waqiti.foundation.clock import utc_now
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import Answer, RequestKey, Stored, begin, keep, keep_refusal, replay
from waqiti.services.compliance.domain.customers import (
    CustomerRow,
    NewCustomer,
    Verification,
    checked,
)
from waqiti.services.compliance.store import customers as store
from waqiti.services.compliance.store import freezes
from waqiti.services.compliance.usecases.filing import file_cases
from waqiti.services.compliance.usecases.names import Screening

__all__ = ["Answer", "Customers", "view"]

_encode: Final = msgspec.json.Encoder().encode


class Customers:
    """Everything about customers but money."""

    def __init__(self, database: Database, screening: Screening) -> None:
        self._database = database
        self._screening = screening

    async def take_on(self, request: RequestKey, new: NewCustomer) -> Answer:
        """Store a new customer, screened: one who is found is ``blocked``, one who may be is ``in_review``.

        Either opens a case.

        Raises:
            Problem: 422 where a field makes no sense; 503 while there is no list to screen by; what ``begin`` raises.
        """
        checked(new, utc_now().date())
        async with self._database.transaction() as connection:
            found = await begin(connection, request, ids.new_id)
            if isinstance(found, Stored):
                return replay(found)
            screened = self._screening.screen(new.name)
            customer = await store.insert(connection, found.resource_id, new, screened)
            await store.add_screening(connection, customer.id, screened)
            await file_cases(connection, [(customer.id, screened)])
            if customer.status == "blocked":
                await freezes.ask(connection, customer.id)
            return await _finish(connection, request, 201, customer)

    async def read(self, text: str) -> Customer:
        """Read a customer by the id in a path.

        Raises:
            Problem: 404 ``not_found``.
        """
        customer_id = ids.parse(prefixes.CUSTOMER, text, "customer")
        async with self._database.connection() as connection:
            customer = await store.find(connection, customer_id)
        if customer is None:
            raise _unknown(text)
        return view(customer)

    async def verify(
        self, request: RequestKey, request_id: str, text: str, verification: Verification, verified_by: str
    ) -> Answer:
        """Give a customer a tier and record on what grounds; every change of limits that follows is immediate.

        Raises:
            Problem: 404 ``not_found`` where ``text`` cannot be an id; what ``begin`` raises.
        """
        customer_id = ids.parse(prefixes.CUSTOMER, text, "customer")
        async with self._database.transaction() as connection:
            found = await begin(connection, request, ids.new_id)
            if isinstance(found, Stored):
                return replay(found)
            before = await store.lock(connection, customer_id)
            if before is None:
                return await keep_refusal(connection, request, _unknown(text), request_id)
            await store.add_verification(
                connection, found.resource_id, before, verification.tier, verified_by, verification.documents or []
            )
            customer = await store.set_tier(connection, customer_id, verification.tier)
            return await _finish(connection, request, 200, customer)

    async def facts(self, wanted: list[UUID]) -> list[CustomerFacts]:
        """Read how customers stand; unknown ones are left out."""
        async with self._database.connection() as connection:
            return list((await self._screening.standing(connection, wanted)).values())


def view(row: CustomerRow) -> Customer:
    """Return a customer as the API shows it."""
    return Customer(
        id=ids.encode(prefixes.CUSTOMER, row.id),
        name=row.name,
        country=row.country,
        tier=row.tier,
        status=row.status,
        created_at=row.created_at,
        date_of_birth=row.date_of_birth,
        email=row.email,
    )


async def _finish(connection: Connection, request: RequestKey, status: int, customer: CustomerRow) -> Answer:
    return await keep(connection, request, Answer(status, _encode(view(customer))))


def _unknown(text: str) -> Problem:
    return Problem.not_found(f"There is no customer {text[:64]!r}.")
