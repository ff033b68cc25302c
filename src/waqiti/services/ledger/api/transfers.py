"""The hot path: transfers, without the framework."""

from typing import Final

import msgspec

from waqiti.contracts.catalog import PAYMENT, WALLET
from waqiti.contracts.ledger import TransferResults, Transfers
from waqiti.foundation.http import Incoming, Operation, Outgoing, RawRoute, decode_body
from waqiti.services.ledger.domain.checks import check_transfers
from waqiti.services.ledger.usecases.committer import Committer

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
_DECODER: Final = msgspec.json.Decoder(Transfers)
_ENCODER: Final = msgspec.json.Encoder()


def transfers_route(committer: Committer) -> RawRoute:
    """Return ``POST /internal/transfers``."""

    async def post(incoming: Incoming) -> Outgoing:
        body = decode_body(_DECODER, incoming.body)
        check_transfers(body.transfers)
        results = await committer.submit(body.transfers)
        return Outgoing(200, _ENCODER.encode(TransferResults(results)))

    return RawRoute(
        method="POST",
        path="/internal/transfers",
        handler=post,
        max_body_bytes=MAX_BODY_BYTES,
        strict_json=False,
        services=frozenset({PAYMENT, WALLET}),
        operation=Operation(summary="Make transfers", body=Transfers, replies={200: TransferResults}),
    )
