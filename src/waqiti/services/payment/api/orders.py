"""From a body to an order."""

import hashlib
from typing import Final

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.public.payments import BatchPayment, NewPayment
from waqiti.foundation import ids
from waqiti.foundation.errors import FieldError, Problem
from waqiti.foundation.http import Incoming, decode_body
from waqiti.foundation.idempotency import RequestKey, canonical_hash
from waqiti.foundation.money import checked_currency
from waqiti.services.payment.api.bodies import RawPayments
from waqiti.services.payment.usecases.paying import Order

_SINGLE: Final = msgspec.json.Decoder(NewPayment)
_ITEM: Final = msgspec.json.Decoder(BatchPayment)
_BATCH: Final = msgspec.json.Decoder(RawPayments)


def read_order(incoming: Incoming) -> tuple[Order, RequestKey]:
    """Read one payment.

    Raises:
        Problem: 400 or 422 for an odd key, 422 for an odd field, 404 for what cannot be a wallet.
    """
    key = incoming.request_key()
    return _order(decode_body(_SINGLE, incoming.body), key, incoming, ""), key


def read_orders(incoming: Incoming) -> list[Order | Problem]:
    """Read a batch; what is wrong with one payment is its own problem.

    Raises:
        Problem: the batch itself is odd.
    """
    bodies = decode_body(_BATCH, incoming.body).payments
    assert incoming.json is not None
    parsed = incoming.json["payments"]
    assert isinstance(parsed, list)
    scope = incoming.request_key().scope
    return [
        _item(body, json, scope, incoming, f"/payments/{index}")
        for index, (body, json) in enumerate(zip(bodies, parsed, strict=True))
    ]


def key_hash(key: RequestKey) -> bytes:
    """Return what a payment's key is stored as."""
    return hashlib.sha256(key.scope + key.key.encode()).digest()


def _item(body: msgspec.Raw, json: object, scope: bytes, incoming: Incoming, pointer: str) -> Order | Problem:
    try:
        payment = decode_body(_ITEM, bytes(body))
        key = RequestKey(scope, payment.idempotency_key, canonical_hash(json))
        return _order(payment, key, incoming, pointer)
    except Problem as problem:
        return _below(problem, pointer)


def _order(payment: NewPayment, key: RequestKey, incoming: Incoming, pointer: str) -> Order:
    checked_currency(payment.currency)
    if payment.fee > payment.amount:
        raise Problem.invalid("The fee is more than the amount.", pointer="/fee")
    from_wallet = ids.parse(prefixes.WALLET, payment.from_wallet, "wallet")
    to_wallet = ids.parse(prefixes.WALLET, payment.to_wallet, "wallet")
    if from_wallet == to_wallet:
        raise Problem.invalid("A payment goes between two wallets.", pointer="/to_wallet")
    return Order(
        from_wallet=from_wallet,
        to_wallet=to_wallet,
        amount=payment.amount,
        currency=payment.currency,
        manual=payment.capture == "manual",
        fee=payment.fee,
        description=payment.description,
        metadata=payment.metadata or None,
        key_hash=key_hash(key),
        body_hash=key.body_hash,
        created_by=incoming.principal.key_id,
        pointer=pointer,
    )


def _below(problem: Problem, pointer: str) -> Problem:
    """Say where in the whole body the wrong field of one item stands."""
    errors = [FieldError(pointer + error.pointer, error.detail) for error in problem.errors]
    return Problem(problem.status, problem.code, problem.detail, title=problem.title, errors=errors)
