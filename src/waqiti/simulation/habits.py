"""When people pay.

Activity over the day is spread around noon to early evening, as in Le Borgne et al., "Reproducible Machine Learning for
Credit Card Fraud Detection", chapter 3 (a normal distribution around noon with a deviation of 20,000 s), with shapes of
our own for people who work by day, who are at home, and who work at night. Each hour holds at most one payment of a
person, with its own probability: the number a day is then close to their Poisson distribution.
"""

from typing import Final

import msgspec

HOURS: Final = 24
_PERCENT: Final = 100
_WHOLE: Final = 1_000


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """Thousandths of a day's payments by hour (UTC), and per cent of an ordinary day by weekday, from Monday."""

    name: str
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]

    def probabilities(self, weekday: int, payments_per_1000_days: int) -> list[float]:
        """Return the probability of a payment, hour by hour, for somebody who makes so many on ordinary days."""
        scale = self.weekdays[weekday] * payments_per_1000_days
        return [part * scale / (_WHOLE * _PERCENT * _WHOLE) for part in self.hours]


WORKER: Final = Habit(
    name="worker",
    hours=(2, 1, 1, 1, 3, 12, 38, 72, 58, 34, 34, 56, 92, 70, 38, 38, 58, 94, 100, 76, 54, 36, 22, 10),
    weekdays=(92, 94, 96, 100, 118, 116, 84),
)
AT_HOME: Final = Habit(
    name="at home",
    hours=(1, 1, 1, 1, 2, 6, 20, 44, 82, 104, 112, 98, 76, 62, 76, 88, 82, 62, 38, 20, 12, 7, 4, 1),
    weekdays=(104, 104, 104, 102, 108, 100, 78),
)
NIGHT: Final = Habit(
    name="night",
    hours=(44, 36, 28, 22, 24, 36, 40, 30, 18, 12, 12, 16, 24, 34, 46, 58, 68, 74, 76, 74, 66, 60, 54, 48),
    weekdays=(96, 96, 98, 100, 114, 112, 84),
)
HABITS: Final = (WORKER, WORKER, WORKER, WORKER, WORKER, WORKER, AT_HOME, AT_HOME, AT_HOME, NIGHT)
"""Of ten people."""
