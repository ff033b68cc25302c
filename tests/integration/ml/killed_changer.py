"""Starts, registers and promotes in processes of its own, and kills each at a later suspension than the one before."""

import asyncio
import sys
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
from tests.support.models import GOOD, JsonWorkshop, Made
from waqiti.contracts.catalog import ML
from waqiti.contracts.ml import FRAUD_DETECTION
from waqiti.contracts.public.models import NewComparison
from waqiti.foundation.database import Database
from waqiti.services.ml.usecases.changes import Changes
from waqiti.services.ml.usecases.changing import Changing, Wanted
from waqiti.services.ml.usecases.pushing import Pushing
from waqiti.services.ml.usecases.registry import Registry
from waqiti.services.ml.usecases.trying import Trying


class Orders(msgspec.Struct, frozen=True):
    """Where, and how often at most."""

    database_url: str
    times: int


async def change_once(orders: Orders, limit: int) -> None:
    database = await Database.open(orders.database_url, name=ML, min_idle=0)
    await until_suspension(limit, _work(database))
    await database.close()


async def _work(database: Database) -> None:
    workshop = JsonWorkshop()
    trying = Trying(workshop)
    registry = Registry(database, workshop, trying)
    await registry.register_shipped()
    model, _ = await registry.register(FRAUD_DETECTION, Made("new").content, "patch", "key_test")
    compared = NewComparison(
        model=FRAUD_DETECTION,
        version=model.version,
        champion="v1.0.0",
        data="A week.",
        figures=GOOD,
        champion_figures=GOOD,
    )
    await registry.compare(compared, "key_test")
    pushing = Pushing(database, Changes(asyncio.Event()))
    wanted = Wanted(model=FRAUD_DETECTION, version=model.version, by="key_test", reason="A test.", kind="promote")
    await Changing(database, trying, pushing).change(wanted)


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(change_once, orders) for _ in range(orders.times))


if __name__ == "__main__":
    main()
