"""A town: seeded people and merchants, their days of wallet payments, and the fraud among them.

Pure and deterministic: the same seed gives the same payments, byte for byte, on any machine. Nobody and nothing in it
is real, and no data of real people went into it; the rules follow published descriptions, named where they are used.
"""

from waqiti.simulation.csvfile import write_csv
from waqiti.simulation.day import FIRST_DAY, payments
from waqiti.simulation.merchants import Merchant
from waqiti.simulation.payments import CURRENCY, SimulatedPayment
from waqiti.simulation.people import Person
from waqiti.simulation.town import Town

__all__ = ["CURRENCY", "FIRST_DAY", "Merchant", "Person", "SimulatedPayment", "Town", "payments", "write_csv"]
