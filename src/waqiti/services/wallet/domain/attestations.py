"""What deposits and withdrawals that have ended say about the ledger, for the proof of the books."""

from typing import Final
from uuid import UUID

import msgspec

from waqiti.contracts.ledger import Attestation, system_account_id
from waqiti.contracts.refusals import RAIL_FAILED
from waqiti.foundation.ids import encode
from waqiti.services.wallet.domain.deposits import suspended
from waqiti.services.wallet.domain.movements import PREFIXES, MovementRow
from waqiti.services.wallet.domain.withdrawals import capture, giving_back

_PAID_OUT: Final = frozenset({"settled", "returned"})


def of_movement(movement: MovementRow) -> list[Attestation]:
    """Return what a movement that has ended attests.

    Refused money of a deposit is in suspense; a deposit that never came asked nothing of the ledger. What the rail gave
    back of a withdrawal is in the wallet, or in suspense where the wallet could not take it.
    """
    if movement.kind == "withdrawal":
        return _withdrawal(movement)
    if movement.failure_code == RAIL_FAILED:
        return []
    rail = system_account_id("rail", movement.currency)
    if movement.status == "settled":
        return [_attestation(movement, movement.id, rail, movement.wallet_id, movement.amount)]
    kept = suspended(movement)
    return [
        _attestation(movement, movement.id, rail, movement.wallet_id, 0),
        _attestation(movement, kept.id, kept.debit, kept.credit, kept.amount),
    ]


def _withdrawal(movement: MovementRow) -> list[Attestation]:
    posting, back, kept = capture(movement), giving_back(movement), suspended(movement)
    if movement.status not in _PAID_OUT:
        return [_attestation(movement, movement.id, posting.debit, posting.credit, 0)]
    paid_out = _attestation(movement, posting.id, posting.debit, posting.credit, posting.amount)
    if movement.status == "settled":
        nothing_back = _attestation(movement, back.id, back.debit, back.credit, 0)
        return [paid_out, msgspec.structs.replace(nothing_back, unless_asked=True)]
    given_back = _attestation(movement, back.id, back.debit, back.credit, back.amount)
    return [paid_out, msgspec.structs.replace(given_back, otherwise=kept.id, otherwise_credit=kept.credit)]


def _attestation(movement: MovementRow, transfer_id: UUID, debit: UUID, credit: UUID, moved: int) -> Attestation:
    return Attestation(
        owner=movement.id,
        subject=encode(PREFIXES[movement.kind], movement.id),
        transfer_id=transfer_id,
        debit=debit,
        credit=credit,
        currency=movement.currency,
        moved=moved,
    )
