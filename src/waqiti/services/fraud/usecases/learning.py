"""What people find out is stored, and is history to what is scored later."""

from collections.abc import Sequence

from waqiti.foundation.database import Connection
from waqiti.scoring.history import History
from waqiti.scoring.movement import Movement
from waqiti.services.fraud.domain.batches import in_order
from waqiti.services.fraud.domain.labels import Finding
from waqiti.services.fraud.store import frauds, labels, parties
from waqiti.services.fraud.store.frauds import Fraud


async def learn(connection: Connection, findings: Sequence[Finding]) -> None:
    """Store labels; a movement that becomes known as fraud counts, once, in what is remembered of its parties.

    One that was never scored has no history to count in.
    """
    await labels.add(connection, findings)
    suspects = {finding.subject_id: finding for finding in findings if finding.label == "fraud"}
    if suspects:
        await _count(connection, await frauds.add(connection, list(suspects.values())))


async def _count(connection: Connection, known: Sequence[Fraud]) -> None:
    keys = in_order((party, row.currency) for row in known for party in (row.payer, row.payee) if party is not None)
    if not keys:
        return
    await parties.hold(connection, keys)
    history = History(await parties.read(connection, keys))
    for row in known:
        history.known_as_fraud(_movement(row))
    await parties.write(connection, history.changed_customers)


def _movement(row: Fraud) -> Movement:
    return Movement(
        id=row.movement_id,
        kind=row.kind,
        payer=row.payer,
        payee=row.payee,
        amount=row.amount,
        currency=row.currency,
        at=row.created_at,
    )
