"""Scores and learns in processes of its own, and kills each at a later suspension than the one before."""

import sys
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
from tests.support.predictors import Scripted
from tests.support.scoring_desk import DEFAULTS, RULES
from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.fraud import ScoreRequest
from waqiti.foundation.database import Database
from waqiti.services.fraud.domain.batches import Asked
from waqiti.services.fraud.domain.labels import Finding
from waqiti.services.fraud.usecases.asking import Serving
from waqiti.services.fraud.usecases.learning import learn
from waqiti.services.fraud.usecases.score import Scorer


class Orders(msgspec.Struct, frozen=True):
    """What to score at once, what with its parties held, what is found out then, and how often at most."""

    database_url: str
    first: list[ScoreRequest]
    then: list[ScoreRequest]
    found: list[Finding]
    times: int


async def score_once(orders: Orders, limit: int) -> None:
    database = await Database.open(orders.database_url, name=FRAUD, min_idle=0)
    await until_suspension(limit, _work(database, orders))
    await database.close()


async def _work(database: Database, orders: Orders) -> None:
    serving = Serving()
    serving.use("v1", Scripted(lambda _: 0.75))
    scorer = Scorer(database, RULES, DEFAULTS, serving)
    await scorer.score(orders.first)
    await scorer._holding(Asked.of(orders.then))
    async with database.transaction() as connection:
        await learn(connection, orders.found)


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(score_once, orders) for _ in range(orders.times))


if __name__ == "__main__":
    main()
