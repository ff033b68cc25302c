"""The stream as a CSV file, such as ``waqiti models train --data`` reads."""

import csv
from collections.abc import Iterable
from typing import Final, TextIO

from waqiti.simulation.payments import SimulatedPayment

COLUMNS: Final = ("id", "time", "payer", "payee", "amount", "label")
_RFC3339: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


def write_csv(file: TextIO, payments: Iterable[SimulatedPayment]) -> int:
    """Write payments, one a line, and return how many: times in RFC 3339 (UTC), amounts in minor units, labels 0 or 1.

    Open ``file`` with ``newline=""``: lines end with a line feed everywhere.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for one in payments:
        count += 1
        writer.writerow((one.id, one.time.strftime(_RFC3339), one.payer, one.payee, one.amount, one.label))
    return count
