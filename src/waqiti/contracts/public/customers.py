"""Customers."""

from datetime import date, datetime
from typing import Literal

import msgspec


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as the API shows it."""

    id: str
    name: str
    country: str
    tier: Literal["basic", "standard", "enhanced"]
    status: Literal["active", "in_review", "blocked"]
    created_at: datetime
    date_of_birth: date | None = None
    email: str | None = None
