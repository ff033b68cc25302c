"""What is remembered of customers: held, read and written apart from a batch."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from waqiti.foundation.database import Connection
from waqiti.scoring.history import CustomerKey
from waqiti.scoring.state import CustomerState, PairState
from waqiti.services.fraud.domain.batches import PartyKey

encode: Final = msgspec.msgpack.Encoder().encode
decode_customer: Final = msgspec.msgpack.Decoder(CustomerState).decode
decode_pair: Final = msgspec.msgpack.Decoder(PairState).decode

# A row that is there is locked and stays as it is. The order of the keys is that of the locks.
_HOLD: Final = """
INSERT INTO parties AS p (customer_id, currency, version)
SELECT n.customer_id, n.currency, 0
FROM unnest($1::uuid[], $2::text[]) AS n (customer_id, currency)
ON CONFLICT (customer_id, currency) DO UPDATE SET version = p.version WHERE false
"""


async def hold(connection: Connection, keys: Sequence[PartyKey]) -> None:
    """Lock parties, the unknown ones too, until the end of the transaction; ``keys`` are in order."""
    await connection.execute(_HOLD, *_columns(keys))


_READ: Final = """
SELECT array_agg(p.state ORDER BY n.place)
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS n (customer_id, currency, place)
CROSS JOIN LATERAL (
    SELECT state FROM parties WHERE customer_id = n.customer_id AND currency = n.currency LIMIT 1
) AS p
"""


async def read(connection: Connection, keys: Sequence[PartyKey]) -> dict[CustomerKey, CustomerState]:
    """Read the states of parties that are held."""
    states: list[bytes | None] = await connection.fetchval(_READ, *_columns(keys))
    return {key: decode_customer(state) for key, state in zip(keys, states, strict=True) if state is not None}


_WRITE: Final = """
UPDATE parties SET version = version + 1, state = $3 WHERE customer_id = $1 AND currency = $2
"""


async def write(connection: Connection, states: Mapping[CustomerKey, CustomerState]) -> None:
    """Write the states of parties that are held."""
    await connection.executemany(_WRITE, [(*key, encode(state)) for key, state in states.items()])


def _columns(keys: Sequence[PartyKey]) -> tuple[list[UUID], list[str]]:
    return [key[0] for key in keys], [key[1] for key in keys]
