"""How versions did beside each other."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from waqiti.contracts.public.models import Comparison, ModelFigures, NewComparison
from waqiti.foundation.database import Connection
from waqiti.scoring.worth import FEWEST_ROWS

if TYPE_CHECKING:
    import asyncpg

_FIGURES: Final = msgspec.json.Decoder(ModelFigures)
_encode: Final = msgspec.json.Encoder().encode

_ADD: Final = """
INSERT INTO comparisons (id, model, version, champion, data, figures, champion_figures, compared_by)
VALUES ($1, $2, $3, $4, $5, $6::json, $7::json, $8)
ON CONFLICT (model, version, champion, md5(data || E'\\n' || figures::text || champion_figures::text)) DO UPDATE SET
    id = excluded.id, compared_at = excluded.compared_at, compared_by = excluded.compared_by
"""


async def add(connection: Connection, comparison_id: UUID, new: NewComparison, by: str) -> None:
    """Record a comparison of two versions that there are; one that is known becomes the newest."""
    figures, champion_figures = _encode(new.figures).decode(), _encode(new.champion_figures).decode()
    await connection.execute(
        _ADD, comparison_id, new.model, new.version, new.champion, new.data, figures, champion_figures, by
    )


_NEWEST: Final = """
SELECT version, champion, data, figures, champion_figures, compared_at, compared_by
FROM comparisons WHERE model = $1 AND version = $2 AND champion = $3 ORDER BY id DESC LIMIT 1
"""


async def newest(connection: Connection, model: str, version: str, champion: str) -> Comparison | None:
    """Read the newest comparison of a version with another; None where there is none."""
    return _comparison(await connection.fetchrow(_NEWEST, model, version, champion))


_WEIGHTIEST: Final = """
SELECT version, champion, data, figures, champion_figures, compared_at, compared_by
FROM comparisons WHERE model = $1 AND version = $2 AND champion = $3
ORDER BY (figures ->> 'rows')::bigint >= $4 DESC, (figures ->> 'frauds')::bigint DESC, id DESC LIMIT 1
"""


async def weightiest(connection: Connection, model: str, version: str, champion: str) -> Comparison | None:
    """Read the comparison that counts: with rows enough, the most frauds, and of those with equally many the newest.

    So what few payments say does not undo what many said. None where there is no comparison.
    """
    return _comparison(await connection.fetchrow(_WEIGHTIEST, model, version, champion, FEWEST_ROWS))


def _comparison(row: "asyncpg.Record | None") -> Comparison | None:
    if row is None:
        return None
    fields = dict(row)
    for name in ("figures", "champion_figures"):
        fields[name] = _FIGURES.decode(fields[name])
    return Comparison(**fields)
