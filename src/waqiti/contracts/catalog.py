"""The one table of deployments: what runs, on which database, in which order, and who answers for it."""

from typing import Final

import msgspec


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment.

    ``start_order`` groups those that may start together, lowest first; ``critical`` ones make ``/health/critical``
    fail; ``worker`` says that a replica runs a worker process beside its api; ``reads_events_of`` names the producers
    whose event log its worker or api reads.
    """

    name: str
    database: str | None
    critical: bool
    start_order: int
    owner: str
    worker: bool = False
    reads_events_of: tuple[str, ...] = ()
    package: str


GATEWAY: Final = "api-gateway"
PAYMENT: Final = "payment-service"
WALLET: Final = "wallet-service"
LEDGER: Final = "ledger-service"
FRAUD: Final = "fraud-service"
ML: Final = "ml-service"
COMPLIANCE: Final = "compliance-service"
NOTIFICATION: Final = "notification-service"
OPERATIONS: Final = "operations"

DEPLOYMENTS: Final = (
    Deployment(
        name=LEDGER,
        database="waqiti_ledger",
        critical=True,
        start_order=1,
        owner="ledger",
        worker=True,
        package="waqiti.services.ledger",
    ),
    Deployment(
        name=COMPLIANCE,
        database="waqiti_compliance",
        critical=True,
        start_order=1,
        owner="compliance",
        worker=True,
        reads_events_of=(PAYMENT,),
        package="waqiti.services.compliance",
    ),
    Deployment(
        name=FRAUD,
        database="waqiti_fraud",
        critical=True,
        start_order=1,
        owner="fraud",
        worker=True,
        reads_events_of=(PAYMENT,),
        package="waqiti.services.fraud",
    ),
    Deployment(
        name=ML,
        database="waqiti_ml",
        critical=False,
        start_order=1,
        owner="ml",
        package="waqiti.services.ml",
    ),
    Deployment(
        name=OPERATIONS,
        database=None,
        critical=False,
        start_order=1,
        owner="operations",
        package="waqiti.operations.server",
    ),
    Deployment(
        name=WALLET,
        database="waqiti_wallets",
        critical=True,
        start_order=2,
        owner="wallets",
        worker=True,
        package="waqiti.services.wallet",
    ),
    Deployment(
        name=PAYMENT,
        database="waqiti_payments",
        critical=True,
        start_order=2,
        owner="payments",
        worker=True,
        package="waqiti.services.payment",
    ),
    Deployment(
        name=NOTIFICATION,
        database="waqiti_notification",
        critical=False,
        start_order=2,
        owner="notifications",
        worker=True,
        reads_events_of=(PAYMENT,),
        package="waqiti.services.notification",
    ),
    Deployment(
        name=GATEWAY,
        database=None,
        critical=True,
        start_order=3,
        owner="edge",
        package="waqiti.services.gateway",
    ),
)


def deployment(name: str) -> Deployment:
    """Return the deployment called ``name``.

    Raises:
        KeyError: there is none.
    """
    for candidate in DEPLOYMENTS:
        if candidate.name == name:
            return candidate
    raise KeyError(name)
