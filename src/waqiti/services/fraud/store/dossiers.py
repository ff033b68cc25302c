"""Dossiers: held, read whole, and written where they have changed."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from waqiti.contracts.reviews import ReviewSubject
from waqiti.foundation.database import Connection
from waqiti.services.fraud.domain.dossiers import Dossier
from waqiti.services.fraud.store import reviews, verdicts
from waqiti.services.fraud.store.verdicts import Telling

# One that is new is made; one that is there is locked by an update that changes nothing.
_HOLD: Final = """
INSERT INTO dossiers AS d (subject_id, subject)
SELECT n.subject_id, n.subject FROM unnest($1::uuid[], $2::text[]) AS n (subject_id, subject) ORDER BY n.subject_id
ON CONFLICT (subject_id) DO UPDATE SET subject = d.subject
RETURNING d.subject_id, d.subject, d.round, d.due_at, d.over_at, d.fate
"""


async def hold(connection: Connection, subjects: Mapping[UUID, ReviewSubject]) -> dict[UUID, Dossier]:
    """Read the dossiers of movements, new ones included, and keep everybody else from them until the commit."""
    rows = await connection.fetch(_HOLD, list(subjects), list(subjects.values()))
    found = await reviews.of_subjects(connection, list(subjects))
    return {row["subject_id"]: Dossier(**row, reviews=tuple(found.get(row["subject_id"], ()))) for row in rows}


_WRITE: Final = """
UPDATE dossiers d SET round = n.round, due_at = n.due_at, over_at = n.over_at, fate = n.fate
FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::text[])
     AS n (subject_id, round, due_at, over_at, fate)
WHERE d.subject_id = n.subject_id
"""


async def write(
    connection: Connection, before: Mapping[UUID, Dossier], after: Mapping[UUID, Dossier], lease: UUID | None = None
) -> list[Telling]:
    """Write what has changed of dossiers that are held; return the verdicts that are to be told, in ``lease``.

    What was to be told of an earlier round is not told any more once there is a new one.
    """
    changed = [new for key, new in after.items() if new != before[key]]
    if not changed:
        return []
    await connection.execute(
        _WRITE,
        [row.subject_id for row in changed],
        [row.round for row in changed],
        [row.due_at for row in changed],
        [row.over_at for row in changed],
        [row.fate for row in changed],
    )
    await _write_reviews(connection, before, changed)
    again = [row.subject_id for row in changed if row.round > before[row.subject_id].round]
    await verdicts.supersede(connection, again)
    tellings = [_telling(row, lease) for row in changed if _is_settled(before[row.subject_id], row)]
    for telling in tellings:
        await verdicts.insert(connection, telling)
    return tellings


async def _write_reviews(connection: Connection, before: Mapping[UUID, Dossier], changed: Sequence[Dossier]) -> None:
    """Write old ones first: one that is closed makes room for a new one of its kind."""
    known = {review.id: review for row in before.values() for review in row.reviews}
    written = [review for row in changed for review in row.reviews]
    await reviews.update(connection, [row for row in written if row.id in known and row != known[row.id]])
    await reviews.insert(connection, [row for row in written if row.id not in known])


def _is_settled(before: Dossier, after: Dossier) -> bool:
    return after.fate is not None and (after.fate, after.round) != (before.fate, before.round)


def _telling(dossier: Dossier, lease: UUID | None) -> Telling:
    return Telling(
        subject=dossier.subject,
        round=dossier.round,
        verdict=dossier.verdict(),
        attempts=0 if lease is None else 1,
        lease=lease,
    )
