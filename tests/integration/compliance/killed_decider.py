"""Decides about cases in processes of its own, and kills each at a later suspension than the one before."""

import hashlib
import sys
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.public.cases import NewCaseDecision
from waqiti.foundation.database import Database
from waqiti.foundation.idempotency import RequestKey
from waqiti.services.compliance.service import shipped_list
from waqiti.services.compliance.usecases.cases import Cases
from waqiti.services.compliance.usecases.names import Screening


class Orders(msgspec.Struct, frozen=True):
    """Cases to decide, the n-th by a process that dies at its n-th suspension."""

    database_url: str
    cases: list[str]
    outcome: str


async def decide(orders: Orders, case_id: str, limit: int) -> None:
    database = await Database.open(orders.database_url, name="compliance", min_idle=0)
    cases = Cases(database, Screening(shipped_list()))
    await until_suspension(limit, decided(cases, case_id, orders.outcome))
    await database.close()


async def decided(cases: Cases, case_id: str, outcome: str) -> None:
    """Decide under a key that belongs to the case, so that whoever comes back after a kill uses it again."""
    digest = hashlib.sha256(outcome.encode()).digest()
    request = RequestKey(digest, case_id, digest)
    decision = msgspec.convert({"outcome": outcome, "reason": "Looked at it"}, NewCaseDecision)
    answer = await cases.decide(request, "req", case_id, decision, "key_operator")
    assert answer.status == 200, answer


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(decide, orders, case_id) for case_id in orders.cases)


if __name__ == "__main__":
    main()
