"""Customers, and what may be said about one."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from waqiti.contracts.compliance import CustomerStatus, ScreeningOutcome, Tier
from waqiti.foundation.errors import FieldError, Problem
from waqiti.services.compliance.domain.countries import COUNTRIES
from waqiti.services.compliance.domain.screening import Match, strongest

OLDEST_YEARS: Final = 150
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@(?:[^@\s.]{1,63}\.)+[^@\s.]{2,63}")
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})


class NewCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/customers``."""

    name: Annotated[str, Meta(min_length=1, max_length=200, examples=["Amina Yusuf"])]
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2", examples=["DE"])]
    date_of_birth: date | None = None
    email: Annotated[str, Meta(min_length=3, max_length=254)] | None = None


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document that was seen for a verification: its kind, and where it is kept."""

    kind: Annotated[str, Meta(min_length=1, max_length=64)]
    reference: Annotated[str, Meta(min_length=1, max_length=200)]


class Verification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/customers/{id}/verification``."""

    tier: Annotated[Tier, Meta(examples=["standard"])]
    documents: Annotated[list[Document], Meta(max_length=20)] | None = None


class CustomerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as it is stored: the only place of personal data."""

    id: UUID
    name: str
    country: str
    date_of_birth: date | None
    email: str | None
    tier: Tier
    status: CustomerStatus
    created_at: datetime


_STATUS: Final[dict[ScreeningOutcome, CustomerStatus]] = {
    "clear": "active",
    "possible": "in_review",
    "confirmed": "blocked",
}


class Screened(msgspec.Struct, frozen=True, kw_only=True):
    """What screening a name gave, the most alike first."""

    list_version: str
    matches: list[Match]

    @property
    def outcome(self) -> ScreeningOutcome:
        """What was found, all together."""
        return strongest(match.outcome for match in self.matches)

    @property
    def references(self) -> list[str]:
        """The references of the entries that make the outcome."""
        outcome = self.outcome
        return [match.reference for match in self.matches if match.outcome == outcome]

    @property
    def status(self) -> CustomerStatus:
        """The status of a new customer with this outcome."""
        return _STATUS[self.outcome]


def checked(new: NewCustomer, today: date) -> NewCustomer:
    """Return ``new`` where every field makes sense.

    Raises:
        Problem: 422 ``invalid_request`` naming each field that does not.
    """
    errors = list(_errors(new, today))
    if errors:
        raise Problem.invalid("The customer cannot be taken on as described.", errors=errors)
    return new


def _errors(new: NewCustomer, today: date) -> Iterator[FieldError]:
    if not is_printable(new.name):
        yield FieldError("/name", "A name has 1 to 200 printable characters and is not blank.")
    if new.country not in COUNTRIES:
        yield FieldError("/country", "The country must be an ISO 3166-1 alpha-2 code.")
    born = new.date_of_birth
    if born is not None and (born >= today or today.year - born.year > OLDEST_YEARS):
        yield FieldError("/date_of_birth", "The date of birth must lie in the past.")
    if new.email is not None and (_EMAIL.fullmatch(new.email) is None or not is_printable(new.email)):
        yield FieldError("/email", "The e-mail address must have the form name@domain.")


def is_printable(text: str) -> bool:
    """Tell whether ``text`` has a letter or digit and no control characters."""
    controls = any(unicodedata.category(character) in _UNPRINTABLE for character in text)
    return not controls and any(character.isalnum() for character in text)
