"""The Python client of a Waqiti platform.

``Client`` waits for answers, ``AsyncClient`` is awaited; both have the same nouns: ``customers``, ``wallets``,
``deposits``, ``withdrawals``, ``payments``, ``refunds``, ``disputes``, ``events``, ``webhooks``, ``reviews`` and so on;
``models`` is served at ml-service's own address. Amounts are integers in the currency's minor unit. ``pages`` walks
through a whole list of either; ``verify_webhook`` is for who receives webhooks.
"""

from waqiti.client.aio import AsyncClient
from waqiti.client.errors import (
    ApiError,
    Conflict,
    ConnectionFailed,
    Forbidden,
    IdempotencyError,
    InvalidRequest,
    InvalidWebhook,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
    WaqitiError,
)
from waqiti.client.paging import pages
from waqiti.client.receiving import WebhookEvent, verify_webhook
from waqiti.client.sync import Client
from waqiti.contracts.public.cases import Case, CaseMatch
from waqiti.contracts.public.common import Failure, Page, PublicReason
from waqiti.contracts.public.customers import Customer
from waqiti.contracts.public.disputes import Dispute
from waqiti.contracts.public.events import Event, PaymentEventData
from waqiti.contracts.public.ledger import (
    AccountBalance,
    Covered,
    JournalEntry,
    PeriodClose,
    Safeguarding,
    TrialBalance,
)
from waqiti.contracts.public.models import (
    ChampionChange,
    ChampionFigures,
    Comparison,
    Gate,
    ModelFigures,
    ModelInForce,
    ModelMetrics,
    ModelVersion,
    ServingReplica,
)
from waqiti.contracts.public.payments import (
    BatchPayment,
    BatchResult,
    BatchResults,
    ComplianceView,
    DecisionView,
    FraudView,
    Payment,
    PaymentEvent,
    Refund,
)
from waqiti.contracts.public.reviews import Review
from waqiti.contracts.public.status import PlatformStatus
from waqiti.contracts.public.wallets import (
    Balance,
    BalanceAt,
    Movement,
    Statement,
    StatementLine,
    Wallet,
    WalletEntry,
)
from waqiti.contracts.public.webhooks import Delivery, DeliveryAttempt, WebhookEndpoint, WebhookEndpointWithSecret
from waqiti.foundation.errors import FieldError, ProblemDocument
from waqiti.foundation.money import format_amount

__all__ = [
    "AccountBalance",
    "ApiError",
    "AsyncClient",
    "Balance",
    "BalanceAt",
    "BatchPayment",
    "BatchResult",
    "BatchResults",
    "Case",
    "CaseMatch",
    "ChampionChange",
    "ChampionFigures",
    "Client",
    "Comparison",
    "ComplianceView",
    "Conflict",
    "ConnectionFailed",
    "Covered",
    "Customer",
    "DecisionView",
    "Delivery",
    "DeliveryAttempt",
    "Dispute",
    "Event",
    "Failure",
    "FieldError",
    "Forbidden",
    "FraudView",
    "Gate",
    "IdempotencyError",
    "InvalidRequest",
    "InvalidWebhook",
    "JournalEntry",
    "ModelFigures",
    "ModelInForce",
    "ModelMetrics",
    "ModelVersion",
    "Movement",
    "NotFound",
    "Page",
    "Payment",
    "PaymentEvent",
    "PaymentEventData",
    "PeriodClose",
    "PlatformStatus",
    "ProblemDocument",
    "PublicReason",
    "RateLimited",
    "Refund",
    "Review",
    "Safeguarding",
    "ServingReplica",
    "Statement",
    "StatementLine",
    "TrialBalance",
    "Unauthorized",
    "Unavailable",
    "Wallet",
    "WalletEntry",
    "WaqitiError",
    "WebhookEndpoint",
    "WebhookEndpointWithSecret",
    "WebhookEvent",
    "format_amount",
    "pages",
    "verify_webhook",
]
