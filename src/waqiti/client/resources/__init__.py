"""The nouns of the API, a file for each, as API paths name them."""

from typing import Generic

from waqiti.client.calling import Mode
from waqiti.client.resources.cases import Cases
from waqiti.client.resources.customers import Customers
from waqiti.client.resources.disputes import Disputes
from waqiti.client.resources.events import Events
from waqiti.client.resources.ledger import Ledger
from waqiti.client.resources.models import Models
from waqiti.client.resources.movements import Movements
from waqiti.client.resources.payments import Payments
from waqiti.client.resources.refunds import Refunds
from waqiti.client.resources.reviews import Reviews
from waqiti.client.resources.status import Status
from waqiti.client.resources.wallets import Wallets
from waqiti.client.resources.webhooks import Webhooks
from waqiti.client.transport import Transport


class Resources(Generic[Mode]):
    """All nouns, called in one mode."""

    def __init__(self, transport: Transport, mode: Mode) -> None:
        self.customers = Customers(transport, mode)
        self.cases = Cases(transport, mode)
        self.wallets = Wallets(transport, mode)
        self.deposits = Movements(transport, mode, "/v1/deposits")
        self.withdrawals = Movements(transport, mode, "/v1/withdrawals")
        self.payments = Payments(transport, mode)
        self.refunds = Refunds(transport, mode)
        self.disputes = Disputes(transport, mode)
        self.reviews = Reviews(transport, mode)
        self.ledger = Ledger(transport, mode)
        self.models = Models(transport, mode)
        self.status = Status(transport, mode)
        self.events = Events(transport, mode)
        self.webhooks = Webhooks(transport, mode)
