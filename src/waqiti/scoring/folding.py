"""What one movement, or the news that one was fraud, adds to the states of its parties."""

import math
from typing import Final

import msgspec

from waqiti.scoring.movement import Movement
from waqiti.scoring.state import (
    DAY,
    LOG_SCALE,
    MONTH,
    MOST,
    NO_PROFILE,
    NO_TALLY,
    QUARTER,
    Addition,
    PairState,
    Profile,
    Tally,
    Week,
)
from waqiti.scoring.view import View

_QUARTERS: Final = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


class Additions(msgspec.Struct, frozen=True):
    """What is added to the payer's state, to the payee's and to the pair's; None where there is no such party."""

    payer: Addition | None = None
    payee: Addition | None = None
    pair: PairState | None = None


_NONE: Final = Additions()


def folded(seen: View) -> Additions:
    """Return what the movement that is looked at adds; nothing where money stays with its owner."""
    if not seen.leaves_the_payer:
        return _NONE
    second, amount = seen.second, min(seen.movement.amount, MOST)
    if seen.movement.payee is None:
        return Additions(payer=_sent(amount, second, is_new=0))
    is_new = 1 if seen.pair is None else 0
    return Additions(
        payer=_sent(amount, second, is_new=is_new),
        payee=_received(amount, second, is_new=is_new),
        pair=PairState(1, second, second, amount),
    )


def known_as_fraud(movement: Movement) -> Additions:
    """Return what is added when ``movement`` becomes known as fraud: it counts in the week in which it was made."""
    if not movement.leaves_the_payer:
        return _NONE
    second = movement.second
    payee = None if movement.payee is None else Addition(second, NO_TALLY, Week(0, 0, 0, 1), NO_PROFILE)
    return Additions(payer=Addition(second, NO_TALLY, Week(0, 1, 0, 0), NO_PROFILE), payee=payee)


def _sent(amount: int, second: int, *, is_new: int) -> Addition:
    log = log_of(amount)
    day = 1 << (second % MONTH // DAY)
    squares = log * log // LOG_SCALE
    profile = Profile(1, amount, log, squares, amount, 0, 0, 0, 0, is_new, 0, day, *_QUARTERS[second % DAY // QUARTER])
    return Addition(second, Tally(1, amount, 0, 0, is_new, 0), Week(1, 0, 0, 0), profile)


def _received(amount: int, second: int, *, is_new: int) -> Addition:
    profile = Profile(0, 0, 0, 0, 0, 1, amount, log_of(amount), amount, 0, is_new)
    return Addition(second, Tally(0, 0, 1, amount, 0, is_new), Week(0, 0, 1, 0), profile)


def log_of(amount: int) -> int:
    """Return 1,000 ln(amount), rounded, as sums of logarithms have it."""
    return round(math.log(amount) * LOG_SCALE)
