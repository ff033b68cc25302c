"""What the public API shows of wallets and movements."""

from waqiti.contracts import prefixes
from waqiti.contracts.ledger import Account
from waqiti.contracts.public.common import Failure
from waqiti.contracts.public.wallets import Balance, Movement, Wallet
from waqiti.foundation.ids import encode
from waqiti.services.wallet.domain.movements import ENDED, PREFIXES, MovementRow
from waqiti.services.wallet.domain.wallets import WalletRow, status_of


def wallet_view(row: WalletRow, account: Account) -> Wallet:
    """Return a wallet as the API shows it, status and balance as the ledger has them."""
    return Wallet(
        id=encode(prefixes.WALLET, row.id),
        customer_id=encode(prefixes.CUSTOMER, row.customer_id),
        currency=row.currency,
        status=status_of(account),
        balance=balance_view(account),
        created_at=row.created_at,
    )


def balance_view(account: Account) -> Balance:
    """Return a balance as the API shows it."""
    return Balance(account.posted, account.held, account.available)


def movement_view(movement: MovementRow) -> Movement:
    """Return a deposit or withdrawal as the API shows it."""
    failure = movement.failure if movement.status in ENDED else None
    return Movement(
        id=encode(PREFIXES[movement.kind], movement.id),
        wallet_id=encode(prefixes.WALLET, movement.wallet_id),
        amount=movement.amount,
        currency=movement.currency,
        rail=movement.rail,
        status=movement.status,
        reference=movement.reference,
        failure=Failure(failure.code, failure.detail) if failure else None,
        created_at=movement.created_at,
        updated_at=movement.changed_at,
    )
