"""How rows become Structs, and Structs columns."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec

from waqiti.contracts.payment import Decision
from waqiti.services.payment.domain.payments import Facts, Payment, State

_METADATA: Final = msgspec.json.Decoder(dict[str, str])
_DECISION: Final = msgspec.json.Decoder(Decision)
_FACTS_COLUMNS: Final = 15

encode: Final = msgspec.json.Encoder().encode


def facts(row: Sequence[Any]) -> Facts:
    """Read the columns id .. created_at of ``payments``, in the order of the Struct."""
    (
        identifier,
        from_wallet,
        to_wallet,
        from_account,
        to_account,
        from_customer,
        to_customer,
        amount,
        currency,
        manual,
        fee,
        description,
        metadata,
        created_by,
        created_at,
    ) = row
    return Facts(
        id=identifier,
        from_wallet=from_wallet,
        to_wallet=to_wallet,
        from_account=from_account,
        to_account=to_account,
        from_customer=from_customer,
        to_customer=to_customer,
        amount=amount,
        currency=currency,
        manual=manual,
        fee=fee,
        description=description,
        metadata=None if metadata is None else _METADATA.decode(metadata),
        created_by=created_by,
        created_at=created_at,
    )


def state(row: Sequence[Any]) -> State:
    """Read the columns status .. updated_at of ``states``, in the order of the Struct."""
    (status, captured, refunded, reserved, fee_captured, fee_shared, steps, refunds, review, failure_code) = row[:10]
    settled_by, decision, updated_at = row[10:]
    return State(
        status=status,
        captured=captured,
        refunded=refunded,
        reserved=reserved,
        fee_captured=fee_captured,
        fee_shared=fee_shared,
        steps=steps,
        refunds=refunds,
        review=review,
        failure_code=failure_code,
        settled_by=settled_by,
        decision=None if decision is None else _DECISION.decode(decision),
        updated_at=updated_at,
    )


def payment(row: asyncpg.Record) -> Payment:
    """Read the facts and, after them, the state."""
    values = tuple(row)
    return Payment(facts(values[:_FACTS_COLUMNS]), state(values[_FACTS_COLUMNS:]))
