"""What other services ask."""

from typing import Final

import msgspec

from waqiti.contracts.wallet import WalletFacts, WalletFactsList, WalletIds
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import Incoming, Outgoing, RawRoute, decode_body
from waqiti.services.wallet.usecases.wallets import Wallets

MAX_IDS: Final = 10_000

_decoder: Final = msgspec.json.Decoder(WalletIds)
_encode: Final = msgspec.json.Encoder().encode


def internal_routes(wallets: Wallets) -> list[RawRoute]:
    """Return the internal routes."""

    async def facts(incoming: Incoming) -> Outgoing:
        ids = decode_body(_decoder, incoming.body).ids
        if len(ids) > MAX_IDS:
            raise Problem.invalid(f"At most {MAX_IDS} wallets at once.", pointer="/ids")
        found = [
            WalletFacts(id=row.id, customer_id=row.customer_id, currency=row.currency, account_id=row.id)
            for row in await wallets.facts(ids)
        ]
        return Outgoing(200, _encode(WalletFactsList(found)))

    return [RawRoute(method="POST", path="/internal/wallets/facts", handler=facts, strict_json=False)]
