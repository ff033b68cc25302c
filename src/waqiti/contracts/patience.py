"""How long money waits for somebody: the same for payments and withdrawals, counted from the first wait."""

from datetime import timedelta
from typing import Final

FRAUD: Final = timedelta(seconds=10)
"""Without a score for so long: held for review."""

COMPLIANCE: Final = timedelta(seconds=60)
"""Without screening for so long: refused as ``compliance_unavailable``."""

DECISION: Final = timedelta(hours=24)
"""Undecided for so long: given up."""

REVIEW: Final = timedelta(hours=72)
"""In review for so long: declined as ``review_expired``."""
