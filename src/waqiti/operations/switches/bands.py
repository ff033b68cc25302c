"""What thresholds of fraud mean together."""

from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.switches import FRAUD_THRESHOLD, MANUAL_REVIEW_THRESHOLD
from waqiti.operations.switches.listing import SwitchList, effective


def notes_on_bands(rows: SwitchList) -> tuple[str, ...]:
    """Say so where no score leads to a review."""
    review_at = effective(rows, MANUAL_REVIEW_THRESHOLD, FRAUD)
    decline_at = effective(rows, FRAUD_THRESHOLD, FRAUD)
    if isinstance(review_at, str) or isinstance(decline_at, str) or review_at < decline_at:
        return ()
    sentence = (
        f"There is no review band: {MANUAL_REVIEW_THRESHOLD} {review_at:g} is not below {FRAUD_THRESHOLD} "
        f"{decline_at:g}, so scores below {decline_at:g} approve and the others decline"
    )
    return (sentence,)
