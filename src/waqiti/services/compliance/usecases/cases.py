"""Cases: reading them, and deciding about the customers they are about."""

from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.cases import Case, CaseStatus, NewCaseDecision
from waqiti.foundation import ids
from waqiti.foundation.database import Connection, Database
from waqiti.foundation.errors import Problem
from waqiti.foundation.idempotency import Answer, RequestKey, Stored, begin, keep, keep_refusal, replay
from waqiti.foundation.telemetry import counter, logger
from waqiti.services.compliance.domain.cases import STATUS_OF, CaseRow
from waqiti.services.compliance.domain.customers import is_printable
from waqiti.services.compliance.store import cases as store
from waqiti.services.compliance.store import customers, freezes
from waqiti.services.compliance.usecases.names import Screening

_encode: Final = msgspec.json.Encoder().encode

_decided: Final = counter("compliance_cases_decided", "Cases that operators decided, by how.", ["status"])
_log: Final = logger(__name__)


class Cases:
    """What operators do with cases."""

    def __init__(self, database: Database, screening: Screening) -> None:
        self._database = database
        self._screening = screening

    async def read(self, text: str) -> Case:
        """Read a case by the id in a path.

        Raises:
            Problem: 404 ``not_found``.
        """
        case_id = ids.parse(prefixes.CASE, text, "case")
        async with self._database.connection() as connection:
            case = await store.find(connection, case_id)
        if case is None:
            raise _unknown(text)
        return view(case)

    async def newest(self, status: CaseStatus | None, before: UUID | None, limit: int) -> list[CaseRow]:
        """Read the cases that were opened last, from below the id ``before`` on."""
        async with self._database.connection() as connection:
            return await store.newest(connection, status, before, limit)

    async def decide(
        self, request: RequestKey, request_id: str, text: str, decision: NewCaseDecision, actor: str
    ) -> Answer:
        """End an open case. Locks: the customer, then the case.

        Approved, its entries are not found again, and the customer is active unless the lists in use name them
        otherwise, which opens another case. Declined, the customer is blocked and all their wallets are frozen.

        Raises:
            Problem: 404 ``not_found`` where ``text`` cannot be an id; 422 where the reason says nothing; 503 while
                there is no list to screen by; what ``begin`` raises.
        """
        case_id = ids.parse(prefixes.CASE, text, "case")
        if not is_printable(decision.reason):
            raise Problem.invalid("A reason is printable text.", pointer="/reason")
        async with self._database.transaction() as connection:
            found = await begin(connection, request, ids.new_id)
            if isinstance(found, Stored):
                return replay(found)
            known = await store.find(connection, case_id)
            if known is None:
                return await keep_refusal(connection, request, _unknown(text), request_id)
            (customer,) = await customers.lock_all(connection, [known.customer_id])
            try:
                case = await _end(connection, case_id, decision, actor)
            except Problem as problem:
                return await keep_refusal(connection, request, problem, request_id)
            await self._follow(connection, case, customer)
            answer = await keep(connection, request, Answer(200, _encode(view(case))))
        _decided.labels(case.status).inc()
        _log.info("case_decided", case=view(case).id, status=case.status, actor=actor)
        return answer

    async def _follow(self, connection: Connection, case: CaseRow, customer: customers.NamedCustomer) -> None:
        """Let the customer of a case that was decided use their wallets, or take those from them."""
        if case.status == "declined":
            await customers.set_status(connection, customer.id, "blocked")
            await freezes.ask(connection, customer.id)
            return
        await store.clear(connection, case)
        await customers.set_status(connection, customer.id, "active")
        await self._screening.screen_again(connection, [customer], self._screening.names)


async def _end(connection: Connection, case_id: UUID, decision: NewCaseDecision, actor: str) -> CaseRow:
    """End an open case whose customer's row is locked by us, so that nothing is added to it meanwhile.

    Raises:
        Problem: 409 ``conflict`` where it has ended, or says more than whoever decides has seen.
    """
    case = await store.find(connection, case_id)
    assert case is not None
    if case.status != "open":
        raise Problem.conflict("The case is decided.")
    if decision.list_version not in (None, case.list_version):
        raise Problem.conflict("The case has been added to since; read it again.")
    return await store.decide(connection, case_id, STATUS_OF[decision.outcome], actor, decision.reason)


def view(row: CaseRow) -> Case:
    """Return a case as the API shows it."""
    return Case(
        id=ids.encode(prefixes.CASE, row.id),
        customer_id=ids.encode(prefixes.CUSTOMER, row.customer_id),
        outcome=row.outcome,
        status=row.status,
        matches=row.matches,
        list_version=row.list_version,
        opened_at=row.opened_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
    )


def _unknown(text: str) -> Problem:
    return Problem.not_found(f"There is no case {text[:64]!r}.")
