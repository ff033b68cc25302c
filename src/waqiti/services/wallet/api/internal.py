"""What other services ask."""

from typing import Final

import msgspec

from waqiti.contracts.catalog import COMPLIANCE, FRAUD
from waqiti.contracts.reviews import Verdict, VerdictTaken
from waqiti.contracts.wallet import FreezeCustomer, WalletFacts, WalletFactsList, WalletIds
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import Incoming, Outgoing, RawRoute, decode_body
from waqiti.services.wallet.domain.wallets import CustomerFreeze
from waqiti.services.wallet.usecases.freezes import Freezes
from waqiti.services.wallet.usecases.verdicts import Verdicts
from waqiti.services.wallet.usecases.wallets import Wallets

MAX_IDS: Final = 10_000

_IDS: Final = msgspec.json.Decoder(WalletIds)
_FREEZE: Final = msgspec.json.Decoder(FreezeCustomer)
_VERDICT: Final = msgspec.json.Decoder(Verdict)
_encode: Final = msgspec.json.Encoder().encode


def internal_routes(wallets: Wallets, freezes: Freezes, verdicts: Verdicts) -> list[RawRoute]:
    """Return the internal routes."""

    async def facts(incoming: Incoming) -> Outgoing:
        ids = decode_body(_IDS, incoming.body).ids
        if len(ids) > MAX_IDS:
            raise Problem.invalid(f"At most {MAX_IDS} wallets at once.", pointer="/ids")
        found = [
            WalletFacts(id=row.id, customer_id=row.customer_id, currency=row.currency, account_id=row.id)
            for row in await wallets.facts(ids)
        ]
        return Outgoing(200, _encode(WalletFactsList(found)))

    async def freeze_customer(incoming: Incoming) -> Outgoing:
        asked = decode_body(_FREEZE, incoming.body)
        actor = incoming.principal.service or incoming.principal.key_id
        freeze = CustomerFreeze(customer_id=asked.customer_id, reason=asked.reason, actor=actor)
        return Outgoing(200, _encode(await freezes.freeze(freeze, asked.after)))

    async def reviewed(incoming: Incoming) -> Outgoing:
        verdict = decode_body(_VERDICT, incoming.body)
        return Outgoing(200, _encode(VerdictTaken(await verdicts.take(verdict))))

    return [
        RawRoute(method="POST", path="/internal/wallets/facts", handler=facts, strict_json=False),
        RawRoute(
            method="POST",
            path="/internal/customers/freeze",
            handler=freeze_customer,
            strict_json=False,
            services=frozenset({COMPLIANCE}),
        ),
        RawRoute(
            method="POST",
            path="/internal/withdrawals/reviewed",
            handler=reviewed,
            strict_json=False,
            services=frozenset({FRAUD}),
        ),
    ]
