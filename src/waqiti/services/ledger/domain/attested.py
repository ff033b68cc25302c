"""When a stored transfer bears out what another service attests about it."""

from typing import Final

from waqiti.contracts.ledger import Attestation
from waqiti.services.ledger.domain.books import StoredTransfer

_MOVED: Final = frozenset({"posted", "captured"})


def differs(attested: Attestation, stored: StoredTransfer | None, ending: StoredTransfer | None) -> str | None:
    """Return what the books say instead; None where they say the same.

    ``ending`` is the transfer that resolved ``stored``, where that is a hold.
    """
    if stored is None:
        unknown = f"{attested.moved} moved, the ledger knows no transfer {attested.transfer_id}"
        return None if attested.unless_asked else unknown
    if (stored.debit, stored.credit, stored.currency) != (attested.debit, attested.credit, attested.currency):
        return f"transfer {stored.id} is between other accounts"
    moved = stored.amount if stored.outcome in _MOVED else 0
    if moved != attested.moved:
        return f"{attested.moved} moved, transfer {stored.id} was {stored.outcome} and moved {moved}"
    if stored.outcome != "held":
        return None
    if ending is None:
        return f"nothing moved, transfer {stored.id} still holds {stored.amount}"
    return f"nothing moved, the hold {stored.id} was captured" if ending.outcome in _MOVED else None
