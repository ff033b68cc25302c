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
    NOTHING_KNOWN,
    WEEK,
    CustomerState,
    Known,
    PairState,
    Profile,
    Tally,
    Window,
)

QUARTER: Final = 6 * HOUR
_NO_FRAUD: Final = Window(0, NOTHING_KNOWN, NOTHING_KNOWN)
_NO_TALLIES: Final = Window(0, NO_TALLY, NO_TALLY)
_NO_PROFILES: Final = Window(0, NO_PROFILE, NO_PROFILE)


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


def known_as_fraud(movement: Movement, second: int) -> Additions:
    """Return what is added when ``movement`` becomes known as fraud at ``second`` (since 1970)."""
    if not movement.leaves_the_payer:
        return _NONE
    payer = _known(second, Known(1, 0))
    return Additions(payer=payer, payee=None if movement.payee is None else _known(second, Known(0, 1)))


def _sent(amount: int, second: int, *, is_new: int) -> CustomerState:
    log = log_of(amount)
    quarters = [0, 0, 0, 0]
    quarters[second % DAY // QUARTER] = 1
    day = 1 << (second % MONTH // DAY)
    squares = log * log // LOG_SCALE
    profile = Profile(1, amount, log, squares, amount, 0, 0, 0, 0, is_new, 0, day, *quarters)
    return _state(second, Tally(1, amount, 0, 0, is_new, 0), profile)


def _received(amount: int, second: int, *, is_new: int) -> CustomerState:
    profile = Profile(0, 0, 0, 0, 0, 1, amount, log_of(amount), amount, 0, is_new)
    return _state(second, Tally(0, 0, 1, amount, 0, is_new), profile)


def _state(second: int, tally: Tally, profile: Profile) -> CustomerState:
    return CustomerState(
        second,
        Window(second // HOUR, tally, NO_TALLY),
        Window(second // DAY, tally, NO_TALLY),
        _NO_FRAUD,
        Window(second // MONTH, profile, NO_PROFILE),
    )


def _known(second: int, known: Known) -> CustomerState:
    return CustomerState(None, _NO_TALLIES, _NO_TALLIES, Window(second // WEEK, known, NOTHING_KNOWN), _NO_PROFILES)


def log_of(amount: int) -> int:
    """Return 1,000 ln(amount), rounded, as sums of logarithms have it."""
    return round(math.log(amount) * LOG_SCALE)
