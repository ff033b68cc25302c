"""Customers."""

from datetime import date
from typing import Literal

import msgspec

from waqiti.contracts.public.common import CustomerId, Time


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as the API shows it."""

    id: CustomerId
    name: str
    country: str
    tier: Literal["basic", "standard", "enhanced"]
    status: Literal["active", "in_review", "blocked"]
    created_at: Time
    date_of_birth: date | None = None
    email: str | None = None
