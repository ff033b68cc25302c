"""What one movement, or the news that one was fraud, adds to the states of its parties."""

import math
from typing import Final

import msgspec

from waqiti.scoring.movement import Movement
from waqiti.scoring.state import (
    DAY,
    HOUR,
    LOG_SCALE,
    MONTH,
    MOST,
    NO_PROFILE,
    NO_TALLY,
    NO_WEEK,
    WEEK,
    CustomerState,
    PairState,
    Profile,
    Tally,
    Week,
    Window,
)

QUARTER: Final = 6 * HOUR


class Additions(msgspec.Struct, frozen=True):
    """What is added to the payer's state, to the payee's and to the pair's; None where there is no such party."""

    payer: CustomerState | None = None
    payee: CustomerState | None = None
    pair: PairState | None = None


_NONE: Final = Additions()


def folded(movement: Movement, pair: PairState | None) -> Additions:
    """Return what ``movement`` adds, given its pair before it; nothing where money stays with its owner."""
    if not movement.leaves_the_payer:
        return _NONE
    second, amount = movement.second, min(movement.amount, MOST)
    if movement.payee is None:
        return Additions(payer=_sent(amount, second, is_new=0))
    is_new = 1 if pair is None else 0
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
    payee = None if movement.payee is None else _state(second, NO_TALLY, Week(0, 0, 0, 1), NO_PROFILE)
    return Additions(payer=_state(second, NO_TALLY, Week(0, 1, 0, 0), NO_PROFILE), payee=payee)


def _sent(amount: int, second: int, *, is_new: int) -> CustomerState:
    log = log_of(amount)
    quarters = [0, 0, 0, 0]
    quarters[second % DAY // QUARTER] = 1
    day = 1 << (second % MONTH // DAY)
    squares = log * log // LOG_SCALE
    profile = Profile(1, amount, log, squares, amount, 0, 0, 0, 0, is_new, 0, day, *quarters)
    return _state(second, Tally(1, amount, 0, 0, is_new, 0), Week(1, 0, 0, 0), profile)


def _received(amount: int, second: int, *, is_new: int) -> CustomerState:
    profile = Profile(0, 0, 0, 0, 0, 1, amount, log_of(amount), amount, 0, is_new)
    return _state(second, Tally(0, 0, 1, amount, 0, is_new), Week(0, 0, 1, 0), profile)


def _state(second: int, tally: Tally, week: Week, profile: Profile) -> CustomerState:
    return CustomerState(
        second,
        Window(second // HOUR, (tally, NO_TALLY)),
        Window(second // DAY, (tally, NO_TALLY)),
        Window(second // WEEK, (week, NO_WEEK, NO_WEEK, NO_WEEK)),
        Window(second // MONTH, (profile, NO_PROFILE)),
    )


def log_of(amount: int) -> int:
    """Return 1,000 ln(amount), rounded, as sums of logarithms have it."""
    return round(math.log(amount) * LOG_SCALE)
