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


class WalletFreeze(msgspec.Struct, frozen=True, kw_only=True):
    """How the freeze of all that a customer has stands for one wallet; ``asked_at`` is when it was asked for last.

    ``lifted`` says that what the customer opens now is not frozen, ``over`` that this wallet was unfrozen since, or
    opened.
    """

    asked_at: datetime
    reason: str
    actor: str
    lifted: bool
    over: bool


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


def needs_clearing(freeze: WalletFreeze | None) -> bool:
    """Tell whether a wallet is frozen because its customer is, so that only operators unfreeze it."""
    return freeze is not None and not freeze.over


def check_liftable(freeze: WalletFreeze | None, customer: CustomerFacts | None, *, by_operator: bool) -> None:
    """Let nobody unfreeze a wallet of a customer whose wallets are all frozen, but operators once they are cleared.

    ``customer`` is how the customer stands, where that was asked.

    Raises:
        Problem: 409 ``conflict`` while the customer is not cleared, 403 ``forbidden`` for others than operators after.
    """
    if freeze is None or freeze.over:
        return
    if not by_operator and freeze.lifted:
        raise Problem(403, "forbidden", "This wallet was frozen with its customer: an operator unfreezes it.")
    if customer is None or customer.status != "active":
        raise frozen_with_its_customer()


def check_same(before: WalletFreeze | None, now: WalletFreeze | None) -> None:
    """Let an unfreeze go on only where no freeze of the customer was asked for since it was looked at.

    Raises:
        Problem: 409 ``conflict``.
    """
    if now is not None and (before is None or before.asked_at != now.asked_at):
        raise frozen_with_its_customer()


def frozen_with_its_customer() -> Problem:
    """Return the refusal to unfreeze one of the wallets that are all frozen."""
    return Problem.conflict("All wallets of this customer are frozen.")
