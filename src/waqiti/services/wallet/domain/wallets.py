"""A wallet: who owns it, in which currency. Its balance and its status of record are the ledger account's."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from waqiti.contracts.catalog import COMPLIANCE
from waqiti.contracts.compliance import CustomerFacts
from waqiti.contracts.ledger import Account
from waqiti.contracts.wallet import sanctions_reason
from waqiti.foundation.errors import Problem

WalletStatus = Literal["active", "frozen", "closed"]
FlagAction = Literal["freeze", "unfreeze", "close"]


class WalletRow(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet as it is stored; its id is also its ledger account's. ``opened_at`` is None until that exists."""

    id: UUID
    customer_id: UUID
    currency: str
    opened_at: datetime | None
    created_at: datetime


class CustomerFreeze(msgspec.Struct, frozen=True, kw_only=True):
    """All that a customer has is frozen: ``actor`` wanted it, for ``reason``."""

    customer_id: UUID
    reason: str
    actor: str


def status_of(account: Account) -> WalletStatus:
    """Return the status that an account gives its wallet."""
    if account.closed:
        return "closed"
    return "active" if account.frozen == "none" else "frozen"


def freeze_of(customer: CustomerFacts) -> CustomerFreeze | None:
    """Return the freeze that a wallet of this customer opens with; None where nothing speaks against its use.

    Who is not active may have wallets and neither pays nor is paid; of who is blocked by a hit all are frozen.
    """
    if customer.status != "blocked":
        return None
    return CustomerFreeze(customer_id=customer.id, reason=sanctions_reason(customer.id), actor=COMPLIANCE)


def check_closable(account: Account, *, open_movements: int) -> None:
    """Let only a wallet close that nothing can reach any more; the ledger checks balance and holds again.

    Raises:
        Problem: 409 ``conflict`` with what stands in the way.
    """
    if account.closed:
        return
    if account.posted != 0:
        raise Problem.conflict("The wallet still has a balance.")
    if account.held != 0 or account.pending_credits != 0:
        raise Problem.conflict("A hold on the wallet, or in its favour, is open.")
    if open_movements:
        raise Problem.conflict("A deposit or withdrawal of the wallet is on its way.")


def check_liftable(customer: CustomerFacts | None) -> None:
    """Let nobody unfreeze a wallet of a customer whose wallets are all frozen, but operators once they are cleared.

    ``customer`` is how the customer stands now, where an operator asks; else None.

    Raises:
        Problem: 409 ``conflict``.
    """
    if customer is None or customer.status != "active":
        raise Problem.conflict("All wallets of this customer are frozen.")
