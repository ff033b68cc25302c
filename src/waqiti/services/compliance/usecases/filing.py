"""Opening cases about customers who were found."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts import prefixes
from waqiti.foundation.database import Connection
from waqiti.foundation.ids import encode
from waqiti.foundation.telemetry import logger
from waqiti.services.compliance.domain.cases import finding
from waqiti.services.compliance.domain.customers import Screened
from waqiti.services.compliance.store import cases as store

_log: Final = logger(__name__)


async def file_cases(connection: Connection, screened: Sequence[tuple[UUID, Screened]]) -> None:
    """Open a case for each customer who was found, or add to theirs; their rows are new, or locked by us.

    Of somebody whose case was declined nothing is filed any more: they stay blocked.
    """
    found = {customer_id: one for customer_id, one in screened if one.matches}
    if not found:
        return
    before = await store.open_of(connection, list(found))
    findings = {customer_id: finding(one, before.get(customer_id)) for customer_id, one in found.items()}
    filed = await store.file(connection, findings)
    for customer_id, one in findings.items():
        case_id = filed.get(customer_id)
        _log.warning(
            "customer_found_on_list",
            customer_id=str(customer_id),
            case=None if case_id is None else encode(prefixes.CASE, case_id),
            outcome=one.outcome,
            list_version=one.list_version,
        )
