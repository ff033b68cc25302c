"""The Python client of a Waqiti platform.

``Client`` waits for answers, ``AsyncClient`` is awaited; both have the same nouns: ``customers``, ``wallets``,
``deposits``, ``withdrawals``, ``payments``, ``refunds``. Amounts are integers in the currency's minor unit.
"""

from waqiti.client.aio import AsyncClient
from waqiti.client.errors import (
    ApiError,
    Conflict,
    ConnectionFailed,
    Forbidden,
    IdempotencyError,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
    WaqitiError,
)
from waqiti.client.resources import pages
from waqiti.client.sync import Client
from waqiti.contracts.public.customers import Customer
from waqiti.contracts.public.payments import BatchPayment, Payment, Refund
from waqiti.contracts.public.wallets import Movement, Wallet
from waqiti.foundation.money import format_amount

__all__ = [
    "ApiError",
    "AsyncClient",
    "BatchPayment",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Customer",
    "Forbidden",
    "IdempotencyError",
    "InvalidRequest",
    "Movement",
    "NotFound",
    "Payment",
    "RateLimited",
    "Refund",
    "Unauthorized",
    "Unavailable",
    "Wallet",
    "WaqitiError",
    "format_amount",
    "pages",
]
