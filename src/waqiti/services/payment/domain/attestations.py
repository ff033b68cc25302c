"""What final payments and refunds say about the ledger, for the proof of the books."""

from uuid import UUID

import msgspec

from waqiti.contracts import prefixes
from waqiti.contracts.ledger import Attestation, system_account_id
from waqiti.contracts.payment import Status, fee_transfer_id, refund_transfer_id
from waqiti.foundation.ids import encode
from waqiti.services.payment.domain.refunds import RefundStatus


class FinalPayment(msgspec.Struct, frozen=True, gc=False):
    """A payment that has ended, refunds aside; ``settled_by`` is the transfer that moved the money, where one did."""

    id: UUID
    from_account: UUID
    to_account: UUID
    currency: str
    status: Status
    captured: int
    fee_captured: int
    settled_by: UUID | None


class FinalRefund(msgspec.Struct, frozen=True, gc=False):
    """A refund that has ended, with what it needs to know of its payment."""

    id: UUID
    payment_id: UUID
    number: int
    from_account: UUID
    to_account: UUID
    currency: str
    status: RefundStatus
    amount: int
    share: int
    refund_fee: bool


def of_payment(payment: FinalPayment) -> list[Attestation]:
    """Return what a payment attests: the money and its fee moved, or nothing did under its id."""
    subject = encode(prefixes.PAYMENT, payment.id)
    main = Attestation(
        owner=payment.id,
        subject=subject,
        transfer_id=payment.settled_by or payment.id,
        debit=payment.from_account,
        credit=payment.to_account,
        currency=payment.currency,
        moved=payment.captured,
    )
    if payment.fee_captured == 0:
        return [main]
    fee = Attestation(
        owner=payment.id,
        subject=subject,
        transfer_id=fee_transfer_id(main.transfer_id),
        debit=payment.to_account,
        credit=system_account_id("fees", payment.currency),
        currency=payment.currency,
        moved=payment.fee_captured,
    )
    return [main, fee]


def of_refund(refund: FinalRefund) -> list[Attestation]:
    """Return what a refund attests: the money, and its share of the fee where asked for, went back, or nothing did."""
    subject = encode(prefixes.REFUND, refund.id)
    succeeded = refund.status == "succeeded"
    main = Attestation(
        owner=refund.payment_id,
        subject=subject,
        transfer_id=refund_transfer_id(refund.payment_id, refund.number),
        debit=refund.to_account,
        credit=refund.from_account,
        currency=refund.currency,
        moved=refund.amount if succeeded else 0,
    )
    if not refund.refund_fee or refund.share == 0:
        return [main]
    fee = Attestation(
        owner=refund.payment_id,
        subject=subject,
        transfer_id=fee_transfer_id(main.transfer_id),
        debit=system_account_id("fees", refund.currency),
        credit=refund.to_account,
        currency=refund.currency,
        moved=refund.share if succeeded else 0,
    )
    return [main, fee]
