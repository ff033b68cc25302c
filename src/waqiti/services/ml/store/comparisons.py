"""How versions did beside each other."""

from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.public.models import Comparison, ModelFigures, NewComparison
from waqiti.foundation.database import Connection

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
    row = await connection.fetchrow(_NEWEST, model, version, champion)
    if row is None:
        return None
    fields = dict(row)
    for name in ("figures", "champion_figures"):
        fields[name] = _FIGURES.decode(fields[name])
    return Comparison(**fields)
