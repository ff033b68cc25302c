"""The arithmetic of fees: whole minor units, always rounded down, nothing lost in the sum."""


def captured_fee(fee: int, captured: int, amount: int) -> int:
    """Return the fee of a capture: floor(fee x captured / amount)."""
    assert 0 <= fee <= amount
    assert 0 < captured <= amount
    return fee * captured // amount


def refund_share(fee_captured: int, fee_shared: int, amount: int, captured: int, *, is_last: bool) -> int:
    """Return one refund's share of the captured fee: floor(fee x amount / captured), the rest with the last refund.

    ``fee_shared`` is the sum of the shares before; whether a share is given back is the refund's own choice.
    """
    assert 0 <= fee_shared <= fee_captured
    if is_last:
        return fee_captured - fee_shared
    return fee_captured * amount // captured
