"""What a request must be before anything is looked up: one that is wrong in itself is 422, and nothing is stored."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from waqiti.contracts.ledger import MAX_BATCH, EntriesQuery, OpenAccount, Transfer
from waqiti.foundation.errors import Problem
from waqiti.foundation.money import EXPONENTS, MAX_AMOUNT
from waqiti.services.ledger.domain.books import DEBIT_NORMAL

MAX_ACCOUNTS: Final = 1_000
MAX_REFUSALS: Final = 16
MAX_ENTRIES: Final = 1_000
MAX_REASON_CHARACTERS: Final = 500
FIRST_INSTANT: Final = datetime(1, 1, 2, tzinfo=UTC)
LAST_INSTANT: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""What lies between them is a time in every zone, and no database takes it for one without end."""
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NEEDS_TARGET: Final = frozenset({"capture", "void", "expire"})
_RELEASES: Final = frozenset({"void", "expire"})


def check_transfers(transfers: Sequence[Transfer]) -> None:
    """Raise 422 ``invalid_request`` with the pointer of the first thing that no ledger could store."""
    if not 1 <= len(transfers) <= MAX_BATCH:
        raise Problem.invalid(f"A batch holds 1 to {MAX_BATCH} transfers.", pointer="/transfers")
    if transfers[-1].linked:
        raise Problem.invalid("The last transfer is linked to nothing.", pointer=_pointer(len(transfers) - 1, "linked"))
    for index, item in enumerate(transfers):
        if item.kind == "post" and item.purpose != "refund" and not item.refusals and item.effective_at is None:
            fault = _fault_of_money(item)
        else:
            fault = _fault_of_money(item) or _fault_of_kind(item)
        if fault is not None:
            field, detail = fault
            raise Problem.invalid(detail, pointer=_pointer(index, field))


def check_accounts(accounts: Sequence[OpenAccount]) -> None:
    """Raise 422 ``invalid_request`` where an account could not be opened by anybody."""
    if not 1 <= len(accounts) <= MAX_ACCOUNTS:
        raise Problem.invalid(f"1 to {MAX_ACCOUNTS} accounts are opened at once.", pointer="/accounts")
    for index, account in enumerate(accounts):
        if account.currency not in EXPONENTS:
            raise Problem.invalid("This is no active currency.", pointer=f"/accounts/{index}/currency")
        if account.minimum is not None and (account.kind in DEBIT_NORMAL or not -MAX_AMOUNT <= account.minimum <= 0):
            raise Problem.invalid("This kind has no such minimum.", pointer=f"/accounts/{index}/minimum")
    if len({account.id for account in accounts}) != len(accounts):
        raise Problem.invalid("An account stands twice in the list.", pointer="/accounts")


def check_entries_query(query: EntriesQuery) -> None:
    """Raise 422 ``invalid_request`` where the query asks for no page that there could be."""
    if not 1 <= query.limit <= MAX_ENTRIES:
        raise Problem.invalid(f"A page holds 1 to {MAX_ENTRIES} entries.", pointer="/limit")
    check_instant(query.recorded_from, "/recorded_from")
    check_instant(query.recorded_to, "/recorded_to")


def check_instant(instant: datetime | None, pointer: str) -> None:
    """Raise 422 ``invalid_request`` where a time does not say which zone it is in, or is none that can be kept."""
    fault = _fault_of_instant(instant)
    if fault is not None:
        raise Problem.invalid(fault, pointer=pointer)


def check_reason(reason: str) -> None:
    """Raise 422 ``invalid_request`` where a reason is empty, too long or not text."""
    if not 1 <= len(reason) <= MAX_REASON_CHARACTERS or not reason.isprintable():
        raise Problem.invalid(f"A reason is 1 to {MAX_REASON_CHARACTERS} printable characters.", pointer="/reason")


def _pointer(index: int, field: str) -> str:
    return f"/transfers/{index}/{field}"


_Fault = tuple[str, str]


def _fault_of_money(item: Transfer) -> _Fault | None:
    if not 1 <= item.amount <= MAX_AMOUNT and not (item.kind in _RELEASES and item.amount == 0):
        return "amount", f"An amount is 1 to {MAX_AMOUNT} minor units."
    if item.debit == item.credit:
        return "credit", "A transfer goes between two accounts."
    if item.currency not in EXPONENTS:
        return "currency", "This is no active currency."
    return None


def _fault_of_kind(item: Transfer) -> _Fault | None:
    if item.target is None and (item.kind in _NEEDS_TARGET or item.purpose == "refund"):
        return "target", "This needs the transfer that it is about."
    if item.kind == "refuse" and not item.refusals:
        return "refusals", "A refusal needs its code."
    if len(item.refusals) > MAX_REFUSALS or not all(_CODE.fullmatch(code) for code in item.refusals):
        return "refusals", f"At most {MAX_REFUSALS} codes of lower-case letters, digits and underscores."
    for field, instant in (("expires_at", item.expires_at), ("effective_at", item.effective_at)):
        fault = _fault_of_instant(instant)
        if fault is not None:
            return field, fault
    return None


def _fault_of_instant(instant: datetime | None) -> str | None:
    if instant is None:
        return None
    if instant.tzinfo is None:
        return "A time needs its offset from UTC."
    if not FIRST_INSTANT <= instant <= LAST_INSTANT:
        return "A time lies in the years 1 to 9999."
    return None
