"""All steps that there are."""

from waqiti.services.wallet.usecases.deposits import DepositSteps
from waqiti.services.wallet.usecases.driving import Steps
from waqiti.services.wallet.usecases.outside import Others
from waqiti.services.wallet.usecases.reviews import ReviewSteps
from waqiti.services.wallet.usecases.withdrawals import WithdrawalSteps


def steps(others: Others) -> Steps:
    """Return the work of each step of deposits and withdrawals."""
    return {**DepositSteps(others).table(), **WithdrawalSteps(others).table(), **ReviewSteps(others).table()}
