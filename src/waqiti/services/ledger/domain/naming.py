"""What people call accounts: a wallet by its id, an account of the platform's own by its kind."""

from typing import Final, get_args
from uuid import UUID

from waqiti.contracts import prefixes
from waqiti.contracts.ledger import AccountKind, system_account_id
from waqiti.foundation import ids
from waqiti.foundation.errors import Problem

OWN: Final[tuple[AccountKind, ...]] = tuple(kind for kind in get_args(AccountKind) if kind != "wallet")


def account_name(account: UUID, kind: AccountKind, currency: str) -> str:
    """Return the name of an account; a further one of a kind of which the platform has one is named by its UUID."""
    if kind == "wallet":
        return ids.encode(prefixes.WALLET, account)
    return kind if account == system_account_id(kind, currency) else str(account)


def account_named(name: str, currency: str) -> UUID:
    """Return the account that a name and a currency mean.

    Raises:
        Problem: 404 ``not_found`` where it can mean none.
    """
    for kind in OWN:
        if name == kind:
            return system_account_id(kind, currency)
    try:
        return UUID(name) if len(name) == len(str(ids.NO_ID)) else ids.parse(prefixes.WALLET, name, "account")
    except ValueError as error:
        raise Problem.not_found(f"There is no account {name!r}.") from error
